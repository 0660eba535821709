"""The page of what servers can do is made from what has been proved, and of nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import capabilities
from capabilities import Proof

PROOFS = [
    Proof(contract, server, "tests/x.py:00001", "What it does.", "a url is quoted", "passed")
    for contract in capabilities.TITLES
    for server in ("embedded", f"real-{contract}")
]


def test_a_promise_has_a_line_and_a_tick() -> None:
    """The name of a test is its sentence; where it has not run there is a dash."""
    only_real = replace(PROOFS[1], promise="it survives", place="tests/x.py:00002")
    lines = capabilities.page([*PROOFS, only_real]).splitlines()
    at = lines.index("|  | embedded | real-nats |")
    assert lines[at + 2 : at + 5] == [
        "| **What it does** |  |  |",
        "| A URL is quoted | ✓ | ✓ |",
        "| It survives | – | ✓ |",
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"outcome": "failed"}, "the run had failures: a url is quoted"),
        ({"outcome": "skipped"}, "the run lacked real-nats: `inv servers.up --names real-nats`"),
    ],
)
def test_no_page_is_made_of_half_a_run(changed: dict[str, str], reason: str) -> None:
    """A server that was away, or a test that failed, would make the page a lie."""
    found = [replace(each, **changed) if each.server == "real-nats" else each for each in PROOFS]
    with pytest.raises(ValueError, match=reason):
        capabilities.page(found)


def test_a_contract_that_was_not_run_is_missed() -> None:
    """The results of one suite make no page."""
    with pytest.raises(ValueError, match="the run had no tests of jetstream, oidc, s3, sql"):
        capabilities.page(PROOFS[:2])


def test_a_page_that_disagrees_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds a test makes the page anew, or the pipeline says so."""
    monkeypatch.setattr(capabilities, "PAGE", tmp_path / "page.md")
    results = tmp_path / "results.json"
    results.write_text(json.dumps([asdict(each) for each in PROOFS]), encoding="utf-8")
    assert capabilities.main([str(results), "--check"])
    assert capabilities.main([str(results)]) is None
    assert capabilities.main([str(results), "--check"]) is None
    capabilities.PAGE.write_text("Everything works.", encoding="utf-8")
    assert "page.md is not what the run has proved" in str(
        capabilities.main([str(results), "--check"])
    )


def test_results_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    """One sentence says which command writes them."""
    said = capabilities.main([str(tmp_path / "results.json")])
    assert said is not None and said.endswith("is not there: `inv test` writes it")


def test_every_contract_says_what_its_stand_in_leaves_out() -> None:
    """What no test can show is written down."""
    assert capabilities.LEFT_OUT.keys() == capabilities.TITLES.keys()
    assert all(capabilities.LEFT_OUT.values())
