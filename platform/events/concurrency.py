"""Threads: items are made in the background while others are worked on, and stay in their order.

Belongs here: how many threads there are, and how many results may wait. Not here: what the items are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 2

Item = TypeVar("Item")
Made = TypeVar("Made")


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """The same items. A thread makes the next one while the caller works on this one."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def parallel_map(make: Callable[[Item], Made], items: Iterable[Item], threads: int = THREADS) -> Generator[Made]:
    """`make(item)` of each item, in order, made by several threads. At most `threads` results wait."""
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
