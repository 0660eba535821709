"""Taking a token apart."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnfurious.oidc.refusal import Refusal, TokenRefused
from fastnfurious.oidc.token import decoded, json_object


@given(st.binary(max_size=200))
def test_a_part_is_read_as_it_was_written(data: bytes) -> None:
    """Whatever it holds."""
    assert decoded(urlsafe_b64encode(data).rstrip(b"=")) == data


@given(st.text(alphabet="AQgw048-_+/= \nxyz", max_size=12))
def test_there_is_one_way_to_write_it(text: str) -> None:
    """What is read at all is what would have been written: no padding, no spare bits."""
    try:
        data = decoded(text.encode())
    except TokenRefused:
        return
    assert urlsafe_b64encode(data).rstrip(b"=").decode() == text


@pytest.mark.parametrize("part", [b"", b"W10", b"Nw", b"bnVsbA", b"eyJ", b"e30=", b"e3+"])
def test_what_is_no_object_is_refused(part: bytes) -> None:
    """With the reason."""
    with pytest.raises(TokenRefused) as caught:
        json_object(part)
    assert caught.value.reason is Refusal.MALFORMED
