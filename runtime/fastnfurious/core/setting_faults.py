"""What is wrong with the settings that were read, in sentences that name the variable."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from fastnfurious.core.env_file import EnvFile
from fastnfurious.core.errors import SettingFault
from fastnfurious.core.setting_leaves import Leaf, leaf_at, leaves
from fastnfurious.core.setting_words import MASK, accepted, value_in_words, without_password

__all__ = ["find_slips", "find_wrong_values", "variables_of"]


def find_wrong_values(
    model: type[BaseSettings], error: ValidationError, file: EnvFile, arguments: Collection[str]
) -> list[SettingFault]:
    """Return one fault for each variable that a validation refused.

    Args:
        model: Settings class that was validated.
        error: What pydantic raised.
        file: The ``.env`` file that was read.
        arguments: Names of the fields that the caller gave.
    """
    found: dict[str, SettingFault] = {}
    for details in error.errors(include_url=False):
        fault = _wrong_value(model, details, file, arguments)
        found.setdefault(fault.variable, fault)
    return list(found.values())


def find_slips(
    model: type[BaseSettings], file: EnvFile, known: Callable[[], Collection[str]]
) -> list[SettingFault]:
    """Return the variables that were probably meant as one of this class's, and doubled ones.

    Args:
        model: Settings class that is read.
        file: The ``.env`` file that was read.
        known: Returns the variables of every settings class; those are no slips.
    """
    own = variables_of(model)
    return [*_doubled(own, file), *_misspelt(own, file, known)]


def variables_of(model: type[BaseSettings]) -> list[str]:
    """Return every variable, in capitals, that sets something in a settings class."""
    names = [name for leaf in leaves(model) for name in (*leaf.variables, *leaf.enclosing)]
    return list(dict.fromkeys(names))


def _wrong_value(
    model: type[BaseSettings], details: ErrorDetails, file: EnvFile, arguments: Collection[str]
) -> SettingFault:
    leaf, rest = leaf_at(model, details["loc"])
    if leaf is None:
        group = f"{model.model_config.get('env_prefix', '')}*".upper()
        return SettingFault(group, None, _message(details), problem="do not fit together")
    words = _accepted(model, leaf, rest, details)
    if details["type"] == "missing" and not rest:
        return SettingFault(leaf.variables[0], None, words)
    variable, raw = _read(leaf, file)
    if raw is None or leaf.path[0] in arguments:
        variable, raw = leaf.variables[0], value_in_words(details["input"])
    if not leaf.secret:
        return SettingFault(variable, without_password(raw), without_password(words))
    return SettingFault(variable, MASK, words.replace(raw, MASK) if raw else words)


def _accepted(
    model: type[BaseSettings],
    leaf: Leaf,
    rest: tuple[int | str, ...],
    details: ErrorDetails,
) -> str:
    if details["type"] in ("value_error", "assertion_error"):
        return _message(details)
    schema = _schema(model)
    definitions = schema.get("$defs", {})
    part = accepted(_inside(schema, (*leaf.path, *rest), definitions), definitions)
    if part is not None:
        return f"{_position(rest)} has to be {part}" if rest else part
    # The location of a fault in a union has steps that the schema lacks.
    whole = accepted(_inside(schema, leaf.path, definitions), definitions)
    return whole or _message(details)


def _message(details: ErrorDetails) -> str:
    text = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].lower() + text[1:] if details["msg"] == text else text


def _position(rest: tuple[int | str, ...]) -> str:
    return ", ".join(f"item {step + 1}" if isinstance(step, int) else repr(step) for step in rest)


class _Schema(GenerateJsonSchema):
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}


def _schema(model: type[BaseSettings]) -> dict[str, Any]:
    try:
        return model.model_json_schema(by_alias=False, schema_generator=_Schema)
    except PydanticUserError:
        # A field of a type that JSON cannot describe: pydantic's own message has to do.
        return {}


def _inside(
    schema: Any, path: tuple[int | str, ...], definitions: Mapping[str, Any]
) -> Mapping[str, Any]:
    for step in path:
        schema = _step(_resolved(schema, definitions), step)
        if not isinstance(schema, Mapping):
            return {}
    return cast(Mapping[str, Any], schema)


def _step(schema: Mapping[str, Any], step: int | str) -> Any:
    if isinstance(step, int):
        fixed = schema.get("prefixItems", ())
        return fixed[step] if step < len(fixed) else schema.get("items")
    return schema.get("properties", {}).get(step) or schema.get("additionalProperties")


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if choices:
        return _resolved(choices[0], definitions)
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return definitions.get(name, schema) if name else schema


def _read(leaf: Leaf, file: EnvFile) -> tuple[str, str | None]:
    """Return the variable that a setting was read from, as it was written, and its value."""
    for source in (os.environ, file.values):
        values = {name.upper(): value for name, value in source.items() if value}
        for variable in leaf.variables:
            if variable in values:
                return variable, values[variable]
    return leaf.variables[0], None


def _doubled(own: Collection[str], file: EnvFile) -> Iterator[SettingFault]:
    for source in (os.environ, file.values):
        spellings: dict[str, dict[str, str]] = {}
        for name, value in source.items():
            if value and name.upper() in own:
                spellings.setdefault(name.upper(), {})[name] = value
        for variable, values in spellings.items():
            if len(set(values.values())) > 1:
                spelt = ", ".join(sorted(values))
                problem = f"has several values, under names that differ by case: {spelt}"
                yield SettingFault(variable, None, "keep one of them", problem=problem)


def _misspelt(
    own: Collection[str], file: EnvFile, known: Callable[[], Collection[str]]
) -> Iterator[SettingFault]:
    present = {name.upper() for name in (*os.environ, *file.values)}
    absent = [variable for variable in own if variable not in present]
    for name in file.values:
        if name.upper() in own:
            continue
        for variable in absent:
            if _is_slip(name.upper(), variable) and name.upper() not in known():
                problem = f"in {file.path.name} sets nothing"
                yield SettingFault(name, None, f"did you mean {variable}?", problem=problem)


_SHORTEST = 5
"""Below this many letters, different words are too alike to be called slips."""


def _is_slip(written: str, meant: str) -> bool:
    """Return whether one letter is wrong, missing, doubled, or swapped with its neighbour."""
    if min(len(written), len(meant)) < _SHORTEST:
        return False
    if len(written) == len(meant):
        return _is_swap_or_typo(written, meant)
    longer, shorter = sorted((written, meant), key=len, reverse=True)
    if len(longer) - len(shorter) > 1:
        return False
    # HOST1 beside HOST is somebody's numbering, not a slip.
    return any(
        longer[:at] + longer[at + 1 :] == shorter and not longer[at].isdigit()
        for at in range(len(longer))
    )


def _is_swap_or_typo(written: str, meant: str) -> bool:
    pairs = zip(written, meant, strict=True)
    wrong = [at for at, (first, second) in enumerate(pairs) if first != second]
    match wrong:
        case [at]:
            return not (written[at].isdigit() and meant[at].isdigit())
        case [at, after]:
            return after == at + 1 and written[at] == meant[after] and written[after] == meant[at]
    return False
