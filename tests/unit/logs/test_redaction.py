"""Redaction: no registered secret reaches a line, however it got into it."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from pydantic import BaseModel, SecretBytes, SecretStr

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.redaction import MASK, Redactor

from .conftest import Page, Start

SECRET = 'p@ss"wörd/\\n'
# A secret with an asterisk can be put together again by the masks themselves.
secrets = st.text(min_size=1).filter(lambda text: text.strip() and not {"*", "\0"} & set(text))


class Bucket(BaseModel):
    """Settings inside settings."""

    key: SecretStr = SecretStr("bucket-key")


class ShopSettings(FastNFuriousSettings):
    """Settings of a service with secrets of every kind."""

    password: SecretStr = SecretStr(SECRET)
    token: SecretBytes = SecretBytes(b"byte-token")
    dsn: SecretStr = SecretStr("postgresql://ann:dsn%2Dpassword@db/shop")
    buckets: list[Bucket] = [Bucket()]
    keys: dict[str, SecretStr] = {"one": SecretStr("mapped-key")}
    nothing: SecretStr = SecretStr("")
    open: str = "visible"


@given(secret=secrets, before=st.text(), after=st.text())
def test_a_secret_never_survives(secret: str, before: str, after: str) -> None:
    """Whatever surrounds it, the secret is gone."""
    cleaned = Redactor(secret)(before + secret + after)
    assert secret not in cleaned.replace(MASK, "\0")


@given(secret=secrets)
def test_a_secret_is_found_in_other_spellings(secret: str) -> None:
    """A secret inside a URL, a JSON text or a repr is redacted, too."""
    redact = Redactor(secret)
    assert redact(quote(secret, safe="")) == MASK
    assert redact(repr(secret)[1:-1]) == MASK
    assert redact(json.dumps(secret, ensure_ascii=False)[1:-1]) == MASK


def test_the_longer_of_two_secrets_goes_first() -> None:
    """A secret that begins like another one leaves no rest behind."""
    assert Redactor("abc", "abcdef")("abcdef") == MASK


def test_empty_secrets_are_ignored() -> None:
    """An unset secret does not turn every line into masks."""
    assert Redactor("", "  ")("a  b") == "a  b"


@pytest.mark.parametrize(
    "secret",
    [SECRET, "byte-token", "dsn%2Dpassword", "dsn-password", "bucket-key", "mapped-key"],
)
def test_every_secret_of_the_settings_is_redacted(start: Start, page: Page, secret: str) -> None:
    """Message, extra and exception are clean, for loguru and for the standard library."""
    start(service=ShopSettings())
    try:
        raise ValueError(f"cannot log in with {secret}")
    except ValueError:
        logger.bind(nested={"key": [f"-{secret}-"]}).exception("tried {}", secret)
        logging.getLogger("shop").exception(
            "tried %s", secret, extra={secret: secret, "raw": secret.encode()}
        )
    for line in page.lines:
        assert secret not in json.dumps(line, ensure_ascii=False)
        assert secret not in str(line)
        assert MASK in line["message"]
        assert MASK in line["exception"]["message"]
        assert MASK in line["exception"]["trace"]
    assert page.lines[0]["extra"]["nested"]["key"] == [f"-{MASK}-"]


def test_what_is_no_secret_stays(start: Start, page: Page) -> None:
    """Plain settings are not redacted."""
    start(service=ShopSettings())
    logger.info("this is visible")
    assert page.line["message"] == "this is visible"


def test_secrets_can_be_added_later(start: Start, page: Page) -> None:
    """Texts and whole settings can be registered while the logs are installed."""
    logs = start()
    logs.redact("late-secret", Bucket(key=SecretStr("late-key")))
    logger.info("late-secret late-key")
    logs.access.write("r", None, None, "GET", "/late-secret", "/{x}", 200, 0.1, None)
    logs.flush()
    assert page.lines[0]["message"] == f"{MASK} {MASK}"
    assert "late-secret" not in page.text


def test_a_secret_cannot_break_the_shape_of_a_line(start: Start, page: Page) -> None:
    """Secrets that look like parts of a line only change texts."""
    logs = start()
    logs.redact('"', ":", "{", "level", "INFO")
    logger.info('"a": {level}')
    assert page.line["level"] == "INFO"
    assert page.line["message"] == f"{MASK}a{MASK}{MASK} {MASK}{MASK}}}"


def test_a_broken_url_is_still_a_secret() -> None:
    """A secret that looks like a URL but cannot be taken apart is redacted as a whole."""
    assert Redactor("http://[broken")("see http://[broken") == f"see {MASK}"
