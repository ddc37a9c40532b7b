"""Work on several items at once in threads, and hand out results in the items' order.

Belongs here: threads, order and bounds. Not here: what the items are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """The same items; another thread makes the next one while the caller works on this one."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def parallel_map(make: Callable[[Item], Made], items: Iterable[Item], threads: int = 2) -> Generator[Made]:
    """`make` of each item in order, computed by threads; at most `threads` results wait to be taken."""
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
