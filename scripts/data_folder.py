"""The folder `DATA_DIR`: where it is, what the platform keeps in it, and which program is using it.

Belongs here: what can be said about the folder without reading any data. Not here: what is in the files.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scripts.terminal import Failed

ROOT = Path(__file__).resolve().parents[1]
# Everything that the platform, the demo and these scripts write into the folder.
CONTENTS = (
    *("landing", "lake", "dagster", "dbt", "scratch", "warehouse.duckdb", "gold_next.duckdb", "gold.duckdb"),
    *("first_hour", "demo_start", "truth.json", "dev.log", "running"),
)
INSTANCE = ROOT / "dagster.yaml"


def path() -> Path:
    """`DATA_DIR`, as an absolute path; a relative one is relative to the checkout."""
    return ROOT / os.environ.get("DATA_DIR", ".data")


def is_ours(folder: Path) -> bool:
    """Whether set-up has made a folder ready for the platform."""
    return (folder / "dagster" / INSTANCE.name).is_file()


def is_ready(folder: Path) -> bool:
    """Whether a folder is ours and Dagster's instance has the checkout's settings."""
    return is_ours(folder) and (folder / "dagster" / INSTANCE.name).read_bytes() == INSTANCE.read_bytes()


def make_ready(folder: Path) -> None:
    """Make the folder, and Dagster's instance in it. Raises `Failed` if it cannot be written."""
    try:
        (folder / "dagster").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(INSTANCE, folder / "dagster" / INSTANCE.name)
    except OSError as error:
        raise Failed(
            f"DATA_DIR: cannot write {error.filename} ({error.strerror}).\n"
            "Set DATA_DIR to a folder that you can write to, for example: make demo DATA_DIR=~/events"
        ) from error


@contextmanager
def in_use(folder: Path, verb: str) -> Iterator[TextIO]:
    """Keep other programs from using the folder. Raises `Failed`, which names the one that uses it already.

    The lock ends with this process, and with those that get the file from it. Further process numbers may be added.
    """
    with (folder / "running").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            check_unused(folder)
            fcntl.flock(file, fcntl.LOCK_EX)  # somebody only looked
        file.truncate(0)
        print(verb, os.getpid(), file=file, flush=True)
        yield file


def user(folder: Path) -> tuple[str, list[int]] | None:
    """The verb that uses the folder now, if any, and its processes."""
    try:
        with (folder / "running").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        verb, *processes = (folder / "running").read_text().split() or ("program", 0)  # not written yet
        return verb, [*map(int, processes)]
    return None


def check_unused(folder: Path) -> None:
    """Raise `Failed`, which names the program, if one uses the folder."""
    if using := user(folder):
        verb, (process, *_) = using
        how = "`make stop` ends it" if verb == "dev" else "wait for it, or end it with Ctrl-C"
        raise Failed(f"`make {verb}` (process {process}) is using {folder}: {how}. Or set another DATA_DIR.")
