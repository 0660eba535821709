"""Options made from a settings class, so that help, environment and documentation agree."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from fastnfurious.core.errors import SettingFault, SettingsError
from fastnfurious.core.settings import Settings

__all__ = ["by_option", "given", "option_name", "with_options"]

_METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT"}


def with_options(settings: type[Settings], command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that takes an option for each setting, by the setting's name.

    The text is handed on as it was typed: the settings class judges it, as it judges a variable.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    fixed = [
        parameter.replace(kind=parameter.KEYWORD_ONLY)
        for parameter in own
        if parameter.kind is not parameter.VAR_KEYWORD
    ]
    made = [_parameter(settings, *field) for field in settings.model_fields.items()]

    def run(**options: Any) -> Any:
        return command(**options)

    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    run.__signature__ = inspect.Signature([*made, *fixed])  # type: ignore[attr-defined]
    return run


def option_name(field: str) -> str:
    """Return the option of a setting: ``shutdown_delay`` becomes ``--shutdown-delay``."""
    return "--" + field.replace("_", "-")


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def by_option(
    error: SettingsError, settings: type[Settings], names: Iterable[str]
) -> SettingsError:
    """Return the error with the options named where they, not variables, were wrong."""
    options = {settings.variable(name): option_name(name) for name in names}
    return SettingsError(
        [
            SettingFault(options.get(fault.variable, fault.variable), fault.value, fault.accepted)
            for fault in error.faults
        ]
    )


def _parameter(settings: type[Settings], name: str, field: FieldInfo) -> inspect.Parameter:
    variable, default = settings.variable(name), field.get_default()
    shown = "" if default is None or default == "" else f"; default: {default}"
    text = f"{field.description} [{variable}{shown}]"
    annotation: Any = Annotated[
        str | None, typer.Option(option_name(name), help=text, metavar=_metavar(field))
    ]
    if field.annotation is bool:
        switch = f"{option_name(name)}/--no-{option_name(name)[2:]}"
        annotation = Annotated[bool | None, typer.Option(switch, help=text)]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _metavar(field: FieldInfo) -> str:
    kind = field.annotation
    if isinstance(kind, type) and kind in _METAVARS:
        return _METAVARS[kind]
    return "PATH" if "Path" in str(kind) else "TEXT"
