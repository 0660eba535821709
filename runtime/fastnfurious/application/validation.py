"""Validation errors as the entries of a problem: where, in which words, of which kind.

The input itself is never repeated: it may be a password.

*Source:* pointers follow RFC 6901, https://www.rfc-editor.org/rfc/rfc6901.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["json_pointer", "validation_entries"]

BODY = "body"
_ABSENT = object()


def validation_entries(errors: Sequence[Any], body: Any = None) -> list[dict[str, Any]]:
    """Return one entry for each error of pydantic.

    Args:
        errors: Errors as FastAPI collects them.
        body: The body that was validated, to tell its keys from pydantic's own marks.

    Example:
        >>> error = {"type": "missing", "loc": ("body", "size"), "msg": "Field required"}
        >>> validation_entries([error], {"name": "box"})
        [{'location': 'body', 'pointer': '/size', 'detail': 'Field required', 'code': 'missing'}]
    """
    return [_entry(error, body) for error in errors]


def _entry(error: Any, body: Any) -> dict[str, Any]:
    location, *path = error.get("loc") or (BODY,)
    where = _in_body(error, path, body) if location == BODY else _parameter(path)
    return {"location": location, **where, "detail": _detail(error), "code": error["type"]}


def _in_body(error: Mapping[str, Any], path: Sequence[Any], body: Any) -> dict[str, str]:
    if error["type"] == "json_invalid":
        return {"pointer": ""}
    return {"pointer": json_pointer(_steps(error, path, body))}


def _parameter(path: Sequence[Any]) -> dict[str, str]:
    if not path:
        return {}
    inner = {"pointer": json_pointer(path[1:])} if path[1:] else {}
    return {"parameter": str(path[0]), **inner}


def _detail(error: Mapping[str, Any]) -> str:
    message = str(error["msg"])
    if error["type"] != "json_invalid":
        return message
    context = error.get("ctx") or {}
    position = error["loc"][-1]
    return f"{message}: {context['error']} at character {position}" if context else message


def _steps(error: Mapping[str, Any], path: Sequence[Any], body: Any) -> list[Any]:
    """Leave out what names a branch of a union or a validator: the body has no such member."""
    if not isinstance(body, Mapping | list):
        return list(path)
    steps, node = [], body
    for step in path:
        found = _member(node, step)
        if found is not _ABSENT:
            steps.append(step)
            node = found
    if error["type"] == "missing" and path and isinstance(node, Mapping):
        steps.append(path[-1])
    return steps


def _member(node: Any, step: Any) -> Any:
    if isinstance(node, Mapping):
        return node.get(step, _ABSENT)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return _ABSENT


def json_pointer(steps: Sequence[Any]) -> str:
    """Return the pointer that goes these steps from the root.

    Example:
        >>> json_pointer(["items", 0, "a/b"])
        '/items/0/a~1b'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
