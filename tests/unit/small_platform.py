"""A small platform in a folder: a landing zone, a lake in SQLite and Parquet files, and the steps that fill it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from contracts.commerce import COMMERCE
from contracts.stream import Stream
from events.conform import Conformers
from lake import commits
from lake.judge_silver import judge_silver
from lake.load_bronze import Loaded, load_bronze
from lake.reading import files_of, read
from lake.schemas import Layer
from lake.snapshots import SnapshotSet
from lake.tables import Lake
from resources.landing.folder import FolderLanding

START = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 6, 1, tzinfo=dt.UTC))


class CrashError(Exception):
    """Stands for the death of the process."""


class Platform:
    """Hours are numbers, counted from `START`. Every step happens at a time of its own."""

    CrashError = CrashError

    def __init__(self, folder: Path, stream: Stream = COMMERCE) -> None:
        self.folder, self.stream, self.now = folder, stream, START
        self.lake = Lake({"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}"}, folder / "scratch")
        self.landing = FolderLanding(folder / "landing")

    def hour(self, number: int) -> dt.datetime:
        return START + dt.timedelta(hours=number)

    def tick(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now

    def put(self, number: int, name: str, lines: Sequence[bytes] | bytes) -> str:
        """Land an object in an hour; returns its path. Every upload is later than the ones before."""
        return self.put_at(f"{self.hour(number):%Y/%m/%d/%H}/{name}", lines)

    def put_at(self, relative: str, lines: Sequence[bytes] | bytes) -> str:
        path = self.folder / "landing" / self.stream.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines if isinstance(lines, bytes) else b"\n".join(lines))
        at = int(self.tick().timestamp())
        os.utime(path, (at, at))
        return f"{self.stream.folder}/{relative}"

    @contextmanager
    def dying(self, at: int | None, *modules: ModuleType) -> Iterator[None]:
        """These modules raise `CrashError` in place of their commit number `at`, counted from 1."""
        number = 0

        def commit(*arguments: Any) -> Any:
            nonlocal number
            number += 1
            if number == at:
                raise CrashError
            return commits.commit(*arguments)

        with pytest.MonkeyPatch.context() as patch:
            for module in modules:
                patch.setattr(module, "commit", commit)
            yield

    def load(self, *numbers: int, window: tuple[dt.datetime, dt.datetime] = WINDOW) -> Loaded:
        return load_bronze(self.lake, self.landing, self.stream, [self.hour(n) for n in numbers], window, self.tick())

    def judge_silver(self, *numbers: int, again: bool = False) -> tuple[SnapshotSet, bool]:
        conformers = Conformers(self.stream, b"key")
        return judge_silver(self.lake, self.stream, conformers, [self.hour(n) for n in numbers], self.tick(), again)

    def run(self, *numbers: int) -> bool:
        self.load(*numbers)
        return self.judge_silver(*numbers)[1]

    def rows(self, layer: Layer) -> pl.DataFrame:
        table = self.lake.table(layer, self.stream)
        parts = [pl.DataFrame(pl.from_arrow(batch)) for batch in read(table, files_of(table))]
        return pl.concat(parts) if parts else pl.DataFrame(pl.from_arrow(table.schema().as_arrow().empty_table()))

    def snapshots(self) -> list[int | None]:
        tables = [self.lake.table(layer, self.stream) for layer in Layer]
        return [snapshot.snapshot_id if (snapshot := table.current_snapshot()) else None for table in tables]

    def verdicts(self) -> dict[tuple[str, int], str]:
        """By object name and line: "silver", or the reason for which the record is rejected."""
        silver = self.rows(Layer.SILVER).select("_source_file", "_line").with_columns(reason=pl.lit("silver"))
        both = pl.concat([silver, self.rows(Layer.REJECTED).select("_source_file", "_line", "reason")])
        found = {(Path(file).name, line): reason for file, line, reason in both.iter_rows()}
        assert len(found) == len(both), "a record is in silver and rejected, or in one of them twice"
        return found

    def bump(self, **changes: Any) -> None:
        """Change the contract, under another version."""
        self.stream = dataclasses.replace(self.stream, **{"version": self.stream.version + ".1", **changes})


def shop_event(key: str, content: str = "A", day: int = 1, **fields: Any) -> bytes:
    record = {"event_id": key, "event_timestamp": f"2024-04-{day:02}T09:00:00Z", "event_type": "page_view"}
    return json.dumps(record | {"session_id": content} | fields).encode()


@pytest.fixture(scope="session")
def shop() -> Callable[..., bytes]:
    """Makes a record by key, content and day of April 2024."""
    return shop_event


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


@pytest.fixture(scope="session")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Platform]:
    """Makes a new platform for each example of a property test."""
    return lambda stream=COMMERCE: Platform(tmp_path_factory.mktemp("platform"), stream)
