"""Keeping secrets out of the lines, whoever logs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

import orjson
from pydantic import BaseModel, SecretBytes, SecretStr

__all__ = ["MASK", "Redactor", "Secret"]

MASK = "**********"
"""What stands in a line where a secret was."""

Secret = str | SecretStr | SecretBytes | BaseModel
"""A text to redact, or settings whose secret fields are to be redacted."""


class Redactor:
    """Replace every registered secret in a text.

    A secret is also found in the forms it takes inside a URL, a JSON text and a ``repr``; of a URL
    with a password, the password is a secret of its own.

    Example:
        >>> redact = Redactor("s3cret/")
        >>> redact("https://ann:s3cret%2F@host")
        'https://ann:**********@host'
    """

    def __init__(self, *secrets: Secret) -> None:
        self._forms: tuple[str, ...] = ()
        self.add(*secrets)

    def add(self, *secrets: Secret) -> None:
        """Register secrets; empty ones are ignored."""
        found = {form for secret in secrets for text in _texts(secret) for form in _forms(text)}
        # The longest first: a secret that contains another one must not leave its rest behind.
        self._forms = tuple(sorted(found.union(self._forms), key=lambda form: (-len(form), form)))

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced by the mask."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def _texts(secret: object) -> Iterator[str]:
    """Yield the secrets in a value: itself when it is text, else its secret fields."""
    if isinstance(secret, str):
        yield secret
    else:
        yield from _hidden(secret)


def _hidden(value: object) -> Iterator[str]:
    """Yield every secret at any depth of settings; plain text there is no secret."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "backslashreplace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _hidden(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _hidden(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _hidden(item)


def _forms(secret: str) -> Iterator[str]:
    if not secret.strip():
        return
    yield from _spellings(secret)
    password = _password(secret)
    if password:
        yield from _spellings(password)
        yield from _spellings(unquote(password))


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    visible = secret.encode("utf-8", "backslashreplace").decode()
    yield visible
    yield orjson.dumps(visible).decode()[1:-1]
    yield quote(visible, safe="")
    yield quote_plus(visible)


def _password(secret: str) -> str | None:
    if "://" not in secret:
        return None
    try:
        return urlsplit(secret).password
    except ValueError:
        return None
