"""End what `make dev` started.

    python3 -m scripts.stop

The process is the one that holds the data folder's lock. So it is ours, and no process that got its number later.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from scripts import data_folder
from scripts.terminal import say

PATIENCE_S = 60.0


def main() -> int:
    """Ask the process to end and wait until all have ended; after a while by force."""
    folder = data_folder.path()
    using = data_folder.user(folder)
    if using is None or using[0] != "dev":
        say(f"`make dev` is not running on {folder}")
        return 0
    supervisor, *groups = using[1]
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
        wait(folder, using)
    if data_folder.user(folder) == using:  # the supervisor was killed before, or hangs
        for group in groups:
            os.killpg(group, signal.SIGKILL)
        wait(folder, using)
    say(f"stopped `make dev` on {folder}")
    return 0


def wait(folder: Path, using: tuple[str, list[int]]) -> None:
    """Wait until the folder is no longer used like this, but not for ever."""
    until = time.monotonic() + PATIENCE_S
    while data_folder.user(folder) == using and time.monotonic() < until:
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
