"""Progress: a callable of one's own, or tqdm's bar."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator


@contextmanager
def reporting(progress: bool | Callable[[str, int, int], Any], stages: list[str]) -> Iterator[Any]:
    """What the native functions call with (number of the stage, done, total); None for nothing."""
    if not progress:
        yield None
        return
    if callable(progress):
        yield lambda stage, done, total: progress(stages[min(stage, len(stages) - 1)], done, total)
        return
    from tqdm.auto import tqdm

    bar, now = tqdm(total=0, unit_scale=True), [-1]

    def report(stage: int, done: int, total: int) -> None:
        if stage != now[0]:
            now[0] = stage
            bar.set_description(stages[min(stage, len(stages) - 1)])
            bar.reset(total=total)
        bar.total = total
        bar.update(max(0, done - bar.n))

    try:
        yield report
    finally:
        bar.close()
