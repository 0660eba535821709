"""The single settings that a settings class is made of, nested models included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from fastnfurious.core.setting_words import holds_secret

__all__ = ["Leaf", "argument_key", "leaf_at", "leaves", "top_leaves"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """Locate one setting.

    Attributes:
        path: Names of the fields that lead to it; one unless it is nested.
        field: Its definition.
        variables: Environment variables that set it, in capitals, the preferred one first.
        enclosing: Variables that set it together with its neighbours, as JSON.
    """

    path: tuple[str, ...]
    field: FieldInfo
    variables: tuple[str, ...]
    enclosing: tuple[str, ...] = ()

    @property
    def secret(self) -> bool:
        """Return whether its value must never be shown."""
        return holds_secret(self.field.annotation)

    def value_in(self, settings: BaseModel) -> Any:
        """Return its value; ``None`` when a model around it is not set."""
        value: Any = settings
        for name in self.path:
            value = getattr(value, name, None)
        return value


def leaves(model: type[BaseSettings]) -> list[Leaf]:
    """Return every setting of a class, in the order of their definition."""
    return [leaf for top in top_leaves(model) for leaf in _expanded(model, top)]


def top_leaves(model: type[BaseSettings]) -> list[Leaf]:
    """Return every field of a class; a nested model counts as one."""
    return [_top(model, name) for name in model.model_fields]


def leaf_at(
    model: type[BaseSettings], location: tuple[int | str, ...]
) -> tuple[Leaf | None, tuple[int | str, ...]]:
    """Return the setting that a validation error is about.

    Args:
        model: Settings class that was validated.
        location: ``loc`` of the error.

    Returns:
        The setting, and the part of the location that lies inside its value.
    """
    if not location:
        return None, ()
    leaf, rest = _named(top_leaves(model), location[0]), location[1:]
    while leaf is not None and rest:
        nested = _named(_inner(model, leaf), rest[0])
        if nested is None:
            break
        leaf, rest = nested, rest[1:]
    return leaf, rest


def argument_key(field: FieldInfo, name: str) -> str:
    """Return the keyword under which pydantic takes a field as an argument."""
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return next((choice for choice in choices if isinstance(choice, str)), name)


def _top(model: type[BaseSettings], name: str) -> Leaf:
    field, config = model.model_fields[name], model.model_config
    own = (f"{config.get('env_prefix', '')}{name}".upper(),)
    by_name = config.get("populate_by_name") or config.get("validate_by_name")
    aliases = _aliases(field)
    return Leaf((name,), field, aliases + own if by_name or not aliases else aliases)


def _aliases(field: FieldInfo) -> tuple[str, ...]:
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    heads = [choice.path[0] if isinstance(choice, AliasPath) else choice for choice in choices]
    return tuple(str(head).upper() for head in heads if head is not None)


def _expanded(model: type[BaseSettings], leaf: Leaf) -> Iterator[Leaf]:
    inner = list(_inner(model, leaf))
    if not inner:
        yield leaf
    for nested in inner:
        yield from _expanded(model, nested)


def _inner(model: type[BaseSettings], leaf: Leaf) -> Iterator[Leaf]:
    delimiter = model.model_config.get("env_nested_delimiter")
    nested = _model_in(leaf.field.annotation)
    if nested is None or not delimiter:
        return
    for name, field in nested.model_fields.items():
        names = _aliases(field) or (name.upper(),)
        variables = tuple(
            f"{outer}{delimiter}{own}".upper() for outer in leaf.variables for own in names
        )
        yield Leaf((*leaf.path, name), field, variables, leaf.variables + leaf.enclosing)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation means, also if optional."""
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    only = choices[0] if len(choices) == 1 and type(None) in get_args(annotation) else annotation
    return only if isinstance(only, type) and issubclass(only, BaseModel) else None


def _named(candidates: Iterable[Leaf], name: int | str) -> Leaf | None:
    wanted = str(name).upper()
    for leaf in candidates:
        if wanted in (leaf.path[-1].upper(), *leaf.variables, *_aliases(leaf.field)):
            return leaf
    return None
