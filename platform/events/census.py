"""Census: which of very many hashes occur more than once, or are among others, in bounded memory.

Belongs here: looking through hashes that come in parts. Not here: whose they are (`judge`), where the parts lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from events.recent import Hashes
from events.sieve import Sieve

AT_ONCE = 1 << 24  # so many are sorted at a time


class Census:
    """Hashes in `parts`, which are asked for anew whenever they are looked through."""

    def __init__(self, parts: Callable[[], Iterable[Hashes]], at_once: int = AT_ONCE) -> None:
        self.parts = parts
        self.count = sum(map(len, parts()))
        self.shares = -(-self.count // at_once)

    def sieve(self) -> Sieve:
        """What keeps these and few others."""
        sieve = Sieve(self.count)
        for part in self.parts():
            sieve.add(part)
        return sieve

    def holds(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of some others, that fit in memory, are among these."""
        asked, places = np.unique(hashes, return_inverse=True)
        sieve, found = Sieve.of(asked), np.zeros(len(asked), np.bool_)
        for part in self.parts() if len(asked) else ():
            likely = part[sieve.keeps(part)]
            near = np.searchsorted(asked[:-1], likely)
            found[near[asked[near] == likely]] = True
        return found[places]

    def repeated(self) -> Hashes:
        """Those that there is more than one of."""
        found = [np.empty(0, np.uint64)]
        for share in range(self.shares):
            mine = np.concatenate([self._of(part, share) for part in self.parts()])
            mine.sort()
            found.append(mine[1:][mine[1:] == mine[:-1]])
        return np.concatenate(found)

    def _of(self, part: Hashes, share: int) -> Hashes:
        return part if self.shares == 1 else part[part % np.uint64(self.shares) == share]
