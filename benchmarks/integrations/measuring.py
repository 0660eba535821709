"""The program that runs the contests of one area: ``python -m benchmarks.integrations.measuring``.

It prints the scores as JSON. The environment says where the server is; without it, the area's
stand-in is used.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from typing import Any

import uvloop

from benchmarks.integrations.contest import Contests, take_turns

__all__ = ["main"]


def main(area: str, turns: str, seconds: str) -> None:
    """Print one entry for each contest.

    Args:
        area: Name of a module here.
        turns: How many turns everybody has.
        seconds: How long a turn lasts, about.
    """
    contests = importlib.import_module(f"benchmarks.integrations.{area}").contests
    found = uvloop.run(_measure(contests, int(turns), float(seconds)))
    print(json.dumps(found))


async def _measure(contests: Contests, turns: int, seconds: float) -> list[dict[str, Any]]:
    async with contests() as prepared:
        return [
            {
                "what": contest.what,
                "aims": dict(contest.aims),
                "scores": {
                    name: asdict(score)
                    for name, score in (
                        await take_turns(contest, turns=turns, seconds=seconds)
                    ).items()
                },
            }
            for contest in prepared
        ]


if __name__ == "__main__":
    main(*sys.argv[1:])
