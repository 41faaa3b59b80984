"""Work on several blocks at once, their answers in the blocks' order, so that sums do not depend on who is first."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")
MOST_THREADS = 4


def in_order(work: Callable[[T], S], items: Iterable[T], threads: int | None = None) -> Iterator[S]:
    """Yield the work done on each item, in the order of the items.

    Parameters
    ----------
    work : callable
        Mostly numpy, which lets other threads run.
    items : iterable
        Read no further ahead than there are threads.
    threads : int, optional
        One a processor by default, and 4 at most; a single item takes none.
    """
    threads = min(os.cpu_count() or 1, MOST_THREADS) if threads is None else threads
    source = iter(items)
    ahead = [item for _, item in zip(range(2), source, strict=False)]
    if len(ahead) < 2 or threads == 1:
        yield from map(work, ahead)
        yield from map(work, source)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[S]] = deque(pool.submit(work, item) for item in ahead)
        for item in source:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
