"""The watch that finds whoever blocks an event loop."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
import time
from pathlib import Path
from traceback import StackSummary

import pytest

from fastnfurious.testing import EventLoopBlocked, LoopWatch, loop_watch
from fastnfurious.testing.loop_watch import Blockage

pytestmark = pytest.mark.loop_may_block


def run(work: object) -> None:
    """Run a plain function inside an event loop."""

    async def main() -> None:
        assert callable(work)
        work()

    asyncio.run(main())


def test_a_blocking_call_is_named_with_its_line() -> None:
    """The message holds the line that blocked, its file, and what to do."""
    with pytest.raises(EventLoopBlocked) as caught, LoopWatch(0.05):
        run(lambda: time.sleep(0.15))
    message = str(caught.value)
    assert "by `run(lambda: time.sleep(0.15))` in <lambda>, test_loop_watch.py:" in message
    assert message.endswith("or run it in a thread with asyncio.to_thread().")


def test_work_of_the_processor_blocks_too() -> None:
    """A computation that never sleeps holds the loop just as well."""
    with pytest.raises(EventLoopBlocked), LoopWatch(0.02):
        run(lambda: sum(range(10_000_000)))


def test_waiting_does_not_block() -> None:
    """A callback that awaits gives the loop back."""
    with LoopWatch(0.05) as watch:
        asyncio.run(asyncio.sleep(0.2))
    assert watch.blockages == []


def test_a_loop_in_another_thread_is_watched_too() -> None:
    """The server of a test runs in a thread of its own."""

    async def main() -> None:
        await asyncio.to_thread(run, lambda: time.sleep(0.15))

    with pytest.raises(EventLoopBlocked), LoopWatch(0.05):
        asyncio.run(main())


def test_first_imports_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is imported when it is first needed costs its time once."""
    (tmp_path / "slow_module.py").write_text("import time; time.sleep(0.2)")
    monkeypatch.syspath_prepend(str(tmp_path))
    with LoopWatch(0.05):
        run(lambda: __import__("slow_module"))
    sys.modules.pop("slow_module")


def test_an_error_of_the_test_goes_first() -> None:
    """A test that fails by itself keeps its own message."""
    with pytest.raises(ValueError, match="own"), LoopWatch(0.05) as watch:
        run(lambda: time.sleep(0.15))
        raise ValueError("own")
    assert len(watch.blockages) == 1


def test_time_that_the_machine_was_busy_elsewhere_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A callback that merely waited for its turn is not to blame."""
    ticks = iter([0.0, 60.0])
    with LoopWatch(1.0) as watch:
        monkeypatch.setattr(time, "perf_counter", lambda: next(ticks, 60.0))
        run(lambda: None)
        monkeypatch.undo()
    assert watch.blockages == []


def test_waiting_for_a_processor_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the watching thread had its turns all the same, as the kernel prefers it."""
    waited = itertools.count(1.0, 0.14)
    monkeypatch.setattr(loop_watch, "_waited", lambda thread: next(waited))
    with LoopWatch(0.05):
        run(lambda: time.sleep(0.15))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says it")
def test_the_kernel_says_how_long_a_thread_waited() -> None:
    """In seconds; a thread that is gone waited for nothing."""
    assert 0 < loop_watch._waited(threading.get_native_id()) < 3600
    assert loop_watch._waited(0) == 0.0


def test_a_collection_of_garbage_is_not_the_callback_s_fault() -> None:
    """It takes as long as the process is large, whoever is running."""
    large: list[list[object]] = [[] for _ in range(2_000_000)]
    with LoopWatch(0.05):
        run(gc.collect)
    assert large


def test_afterwards_nothing_is_watched() -> None:
    """The loop and the collector are left as they were found."""
    before, collected = asyncio.Handle._run, list(gc.callbacks)
    with LoopWatch():
        assert asyncio.Handle._run is not before
    assert asyncio.Handle._run is before
    assert gc.callbacks == collected


def test_a_callback_that_was_never_sampled_is_named_itself() -> None:
    """Without a line to show, what the loop was running has to do."""
    assert str(Blockage(1.0, StackSummary(), "<Handle work()>")) == "1.00 s by <Handle work()>"
