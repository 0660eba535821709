"""The block of headers before a payload.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-4.md
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["add_headers", "read_headers", "write_headers"]

_FIRST_LINE = b"NATS/1.0"


def write_headers(headers: Mapping[str, str]) -> bytes:
    """Return headers as a block; no headers make no block.

    Example:
        >>> write_headers({"A": "b"})
        b'NATS/1.0\\r\\nA: b\\r\\n\\r\\n'
    """
    if not headers:
        return b""
    lines = [f"{name}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join([_FIRST_LINE, *lines, b"", b""])


def read_headers(block: bytes) -> dict[str, str]:
    """Return the headers of a block; what is no header is passed over.

    Example:
        >>> read_headers(write_headers({"A": "b", "C": ""}))
        {'A': 'b', 'C': ''}
    """
    lines = block.decode(errors="replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def add_headers(block: bytes, headers: Mapping[str, object]) -> bytes:
    """Return a block, or an empty one, with more headers at its end.

    Example:
        >>> add_headers(write_headers({"A": "b"}), {"C": 1})
        b'NATS/1.0\\r\\nA: b\\r\\nC: 1\\r\\n\\r\\n'
    """
    start = block.removesuffix(b"\r\n") or _FIRST_LINE + b"\r\n"
    return (
        start
        + b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
        + (b"\r\n")
    )
