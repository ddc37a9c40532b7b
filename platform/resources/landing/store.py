"""A landing zone as a drain writes to it: creating an object at most once.

Belongs here: folders. Not here: buckets (`s3_store`), listing and opening objects (`folder`, `s3`), which names they
get (`lake.kafka`).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from lake.landing import LandingStore
from resources.landing.folder import FolderLanding


@dataclass(frozen=True)
class FolderStore:
    """The folder `root`. Satisfies `LandingStore`. A file gets its name by a hard link, which fails if there is one."""

    root: Path

    def create(self, path: str, content: bytes) -> bool:
        final = self.root / path
        if final.exists():
            return False
        final.parent.mkdir(parents=True, exist_ok=True)
        hidden = final.with_name(f".{final.name}.{uuid4().hex}")
        try:
            with hidden.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(hidden, final)
        except FileExistsError:
            return False
        except FileNotFoundError:  # the winner has deleted it
            if not final.exists():
                raise
            return False
        finally:
            hidden.unlink(missing_ok=True)
        _sync(final.parent)
        for left in final.parent.glob(f".{final.name}.*"):  # by a drain that was killed, or by one that has lost
            left.unlink(missing_ok=True)
        return True

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    with suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def store_of(landing: Any) -> LandingStore:
    """The store that writes to a landing zone."""
    if isinstance(landing, FolderLanding):
        return FolderStore(landing.root)
    from resources.landing.s3_store import S3Store

    return S3Store(landing)
