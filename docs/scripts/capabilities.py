"""The table of what each server does, made from the results of the conformance suites.

    python docs/scripts/capabilities.py RESULTS [--check]

``inv capabilities`` runs it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

__all__ = ["LEFT_OUT", "PAGE", "TITLES", "Proof", "page", "read"]

PAGE = Path(__file__).parents[1] / "reference" / "embedded-and-real.md"
"""The page that is made."""

TITLES = {
    "nats": "NATS",
    "jetstream": "JetStream",
    "s3": "S3",
    "oidc": "OpenID Connect",
    "sql": "SQL",
}
"""The contracts that have a stand-in, in the order of the page."""

LEFT_OUT = {
    "nats": ("There is one server: it does not cluster, and has no accounts and no TLS.",),
    "jetstream": ("Streams are kept in memory, and are lost with the process.",),
    "s3": (
        "Only presigned URLs are served over HTTP; other programs cannot use the folder as S3.",
        "Keys that not every server keeps, such as those with `//`, are refused everywhere.",
    ),
    "oidc": (
        "Users are not registered: whoever asks for a token or logs in is believed.",
        "It runs in development and in tests alone, on purpose.",
        "There is nothing to administer; that needs Keycloak.",
    ),
    "sql": (
        "It is SQLite: statements that only PostgreSQL understands do not run.",
        "One transaction writes at a time; others wait for it.",
        "There is no server that could go away, refuse a password or end a connection.",
    ),
}
"""What a stand-in does not do, and no test can show."""

_SPELT = {
    **{word: word.upper() for word in ("http", "id", "json", "pkce", "s3", "sql", "uri", "url")},
    **{"asyncapi": "AsyncAPI", "jetstream": "JetStream", "nats": "NATS", "urls": "URLs"},
    **{"postgresql": "PostgreSQL", "sqlite": "SQLite", "keycloak": "Keycloak"},
}

_HEAD = """# Embedded and real, what each can do

Each line is a test of a conformance suite. A suite is written once; it runs on the stand-in in the
process and on the real server, and a line has a tick where it passed. A dash says that the test is
not made for that column. Which versions the servers have is listed in
[Run against real servers](../howto/real-servers.md).

This page is made by `inv capabilities`.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """Tell what became of one test on one server.

    Attributes:
        contract: Contract that the test belongs to.
        server: Where it ran: ``embedded``, or the name of a server.
        place: File and line of the test.
        area: What the test is about.
        promise: What it proves: its name, in words.
        outcome: ``passed``, ``failed`` or ``skipped``.
    """

    contract: str
    server: str
    place: str
    area: str
    promise: str
    outcome: str


def read(path: Path) -> list[Proof]:
    """Return the results that a run of the tests wrote."""
    return [Proof(**each) for each in json.loads(path.read_text(encoding="utf-8"))]


def page(proofs: Iterable[Proof]) -> str:
    """Return the page.

    Raises:
        ValueError: A server was not there, or something failed: that makes no page.
    """
    known = [proof for proof in proofs if proof.contract in TITLES]
    _require_whole(known)
    ordered = sorted(known, key=lambda proof: (proof.contract, proof.place))
    by_contract = {name: list(found) for name, found in groupby(ordered, lambda one: one.contract)}
    return "\n".join([_HEAD, *(_section(name, by_contract[name]) for name in TITLES)])


def _require_whole(proofs: Sequence[Proof]) -> None:
    if failed := {proof.promise for proof in proofs if proof.outcome == "failed"}:
        raise ValueError(f"the run had failures: {'; '.join(sorted(failed))}")
    if missing := sorted(set(TITLES) - {proof.contract for proof in proofs}):
        raise ValueError(f"the run had no tests of {', '.join(missing)}: run all of them")
    asked = {proof.server for proof in proofs}
    ran = {proof.server for proof in proofs if proof.outcome == "passed"}
    if lacking := ",".join(sorted(asked - ran)):
        raise ValueError(
            f"the run lacked {lacking}: `inv servers.up --names {lacking}`, then again"
        )


def _section(contract: str, proofs: Sequence[Proof]) -> str:
    servers = sorted(
        {proof.server for proof in proofs}, key=lambda name: (name != "embedded", name)
    )
    head = [f"## {TITLES[contract]}", "", "What the stand-in leaves out:", ""]
    left_out = [f"- {each}" for each in LEFT_OUT[contract]]
    columns = ["", *servers]
    rule = ["---", *(":-:" for _ in servers)]
    return "\n".join([*head, *left_out, "", _row(columns), _row(rule), *_rows(proofs, servers), ""])


def _rows(proofs: Sequence[Proof], servers: Sequence[str]) -> Iterator[str]:
    for area, found in groupby(proofs, lambda proof: proof.area):
        yield _row([f"**{_cell(area.rstrip('.'))}**", *("" for _ in servers)])
        for promise, ran in _by_promise(found).items():
            marks = ("✓" if server in ran else "–" for server in servers)
            yield _row([_sentence(promise), *marks])


def _by_promise(proofs: Iterable[Proof]) -> Mapping[str, set[str]]:
    """Return where each promise was kept, in the order of the tests."""
    found: dict[str, set[str]] = {}
    for proof in proofs:
        ran = found.setdefault(proof.promise, set())
        if proof.outcome == "passed":
            ran.add(proof.server)
    return found


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _sentence(name: str) -> str:
    """Return the name of a test as one would write it."""
    words = " ".join(_SPELT.get(word, word) for word in name.split())
    return words[0].upper() + words[1:]


def _cell(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", "\\|")


def main(arguments: Sequence[str]) -> str | None:
    """Write the page, or compare it; return what is wrong."""
    path, check = Path(arguments[0]), "--check" in arguments
    try:
        made = page(read(path))
    except FileNotFoundError:
        return f"{path} is not there: `inv test` writes it"
    except ValueError as error:
        return f"No page is made: {error}"
    if not check:
        PAGE.write_text(made, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        return f"{PAGE.name} is not what the run has proved: make it anew with `inv capabilities`"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
