"""Recent: which keys of a run came before.

Belongs here: a set of 64-bit hashes in machine code. Not here: keys (`conform`), what coming again means (`judge`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from events.compiled import compiled, read_only

Hashes = npt.NDArray[np.uint64]
MAX_SLOTS = 1 << 23  # 64 MB


class Recent:
    """The hashes that were there already, of as many as there is room for; of those that come later none is."""

    def __init__(self, most: int = MAX_SLOTS) -> None:
        self.most, self.held = most, 0
        self.slots = np.zeros(1 << 16, np.uint64)

    def again(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of them came before, here or in an earlier call; from now on all of them have."""
        found = np.zeros(len(hashes), np.bool_)
        while 2 * (self.held + len(hashes)) > len(self.slots) < self.most:
            before, self.slots = self.slots, np.zeros(2 * len(self.slots), np.uint64)
            _again(read_only(before[before > 0]), self.slots, 0, len(self.slots), np.zeros(len(before), np.bool_))
        self.held = _again(read_only(hashes), self.slots, self.held, len(self.slots) // 2, found)
        return found


@compiled
def _again(hashes: Hashes, slots: Hashes, held: int, most: int, found: npt.NDArray[np.bool_]) -> int:
    """Note what is found again, and put in the others while there are fewer than `most`; how many there are then."""
    mask = np.uint64(len(slots) - 1)
    for row in range(len(hashes)):
        hash = hashes[row] | np.uint64(1)  # zero is an empty slot
        slot = hash * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20) & mask
        while slots[slot] != 0 and slots[slot] != hash:
            slot = slot + np.uint64(1) & mask
        found[row] = slots[slot] == hash
        if not found[row] and held < most:
            slots[slot] = hash
            held += 1
    return held
