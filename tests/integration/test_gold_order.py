"""Gold depends only on silver. It does not matter how late rows come, in which batches, or after how many releases.

Twenty days of all streams, with sessions up to fifteen days late, objects that are uploaded again with other content,
and a contract that is mended half-way. Each platform gets the arrival hours in an order of its own and releases gold
after every batch; in the end all of them must hold what one full build gives.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import random
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import hostile
import pytest
import reading
from driving import Platform, jsonl

from contracts import STREAMS
from contracts.commerce import COMMERCE, CommerceEvent
from contracts.stream import Money, Stream, column
from lake.judge_silver import judge_silver
from lake.load_bronze import load_bronze
from lake.schemas import Layer
from partitions import arrival_window
from resources.environment import first_hour, make
from resources.landing.folder import FolderLanding
from simulate.plan import Plan, PlannedFile, Shares
from simulate.run import simulate
from simulate.streams import STREAMS as SIMULATED

pytestmark = [pytest.mark.integration, pytest.mark.verify]
START = dt.datetime(2026, 1, 20, 23, tzinfo=dt.UTC)
# Two hours of each of these days, with midnight between them; the hours of one day are a batch.
BATCHES = [[START + dt.timedelta(days=day, hours=hour) for hour in (0, 1)] for day in (0, 9, 19)]
HOURS = tuple(hour for batch in BATCHES for hour in batch)
AGAIN = HOURS[1::2]  # hours of which every second object is uploaded again
WITHDRAWN = START - dt.timedelta(days=16)  # nothing else happens on that day, and in the end nothing at all
DAYS_LATE = 15
SHARES = Shares(duplicates=0.05, conflicts=0.03, late=0.6, rule=0.05)
Batches = Sequence[Sequence[dt.datetime]]


class EarlierEvent(CommerceEvent):
    """The shop's contract as it was: one currency only, another path for the channel, and no limit for totals."""

    currency: str = column("order.currency", str_matches="^USD$", description="ISO 4217 code of all amounts")
    channel: str = column("session.medium", description="The marketing channel that brought the visit")
    order_total: Money = column("order.total_amount", description="Gross total: items, tax and shipping")


EARLIER = dataclasses.replace(COMMERCE, version="0.9.0", model=EarlierEvent)
BEFORE = [EARLIER if stream is COMMERCE else stream for stream in STREAMS]


@dataclass(frozen=True)
class FewHours(Plan):
    """A plan of twenty days, with only some hours that land."""

    landing: tuple[dt.datetime, ...] = ()

    def files(self, parts: int) -> list[PlannedFile]:
        return [file for file in super().files(parts) if file.hour_start.replace(tzinfo=dt.UTC) in self.landing]


@dataclass(frozen=True)
class Arrivals:
    """What lands: the objects of all hours, and the content that some of them are given later."""

    first: Path
    again: Path

    def land(self, platform: Platform, folder: Path, hours: Iterable[dt.datetime]) -> None:
        """Copy a folder's objects of some hours into the landing zone, in place of earlier versions."""
        for stream in STREAMS:
            for landed in FolderLanding(folder).objects(stream, list(hours)):
                target = platform.landing / landed.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / landed.path, target)  # with its modification time, which is part of its version


@pytest.fixture(scope="module")
def arrivals(tmp_path_factory: pytest.TempPathFactory) -> Arrivals:
    """Objects of few people, with more than half of the sessions late. One object has a single event, whose date
    changes when the object is uploaded again.
    """
    found = Arrivals(*(tmp_path_factory.mktemp(name) for name in ("first", "again")))
    first = START.replace(tzinfo=None)
    for seed, (folder, hours) in enumerate(((found.first, HOURS), (found.again, AGAIN))):
        for stream in STREAMS:
            plan = FewHours(first, 480, 250, seed, SHARES, people=25, days_late=DAYS_LATE, landing=hours)
            simulate(SIMULATED[stream.name], plan, folder)
    for path in sorted(path for path in found.again.rglob("*") if path.is_file())[::2]:
        path.unlink()
    for folder, at in ((found.first, WITHDRAWN), (found.again, START)):
        path = folder / COMMERCE.name / f"{AGAIN[0]:%Y/%m/%d/%H}" / "withdrawn.json"
        visit = hostile.order(1, event_timestamp=at.isoformat(), event_type="page_view", order={})
        path.write_bytes(jsonl([visit]))
    return found


@pytest.fixture(scope="module")
def refreshed(make_platform: Callable[[str], Platform], arrivals: Arrivals) -> Platform:
    """The final objects, judged under the mended contract only, and one full build."""
    platform = make_platform("refreshed")
    arrivals.land(platform, arrivals.first, HOURS)
    arrivals.land(platform, arrivals.again, HOURS)
    ingest(platform, STREAMS, HOURS)
    platform.gold()
    return platform


def ingest(platform: Platform, streams: Sequence[Stream], hours: Iterable[dt.datetime]) -> None:
    """Do what the job `ingest` does, which takes only consecutive hours, for any hours."""
    now, log = dt.datetime.now(dt.UTC), logging.getLogger(__name__)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in platform.environment.items():
            patch.setenv(name, value)
        names = ("lake", "landing", "warehouse", "conformers")
        lake, landing, warehouse, conformers = (make(name, streams, log) for name in names)
    for stream in streams:
        load_bronze(lake, landing, stream, sorted(hours), arrival_window(first_hour(), now), now)
        named, _ = judge_silver(lake, stream, conformers[stream.name], sorted(hours), now, again=False)
        warehouse.apply_snapshot(stream, lake.table(Layer.SILVER, stream), named.silver)


def stands_for(platform: Platform) -> dict[tuple[str, str], str]:
    """The user that each anonymous id stands for in gold."""
    sql = "SELECT identity_space, id, person_id FROM marts.user_identities WHERE id_type = 'anonymous'"
    return {(space, name): person for space, name, person in reading.gold(platform.data, sql)}


def happened(platform: Platform, at: dt.datetime) -> bool:
    """Whether gold has an active person on a date."""
    sql = f"SELECT count(*) > 0 FROM marts.daily_active_users WHERE event_date = '{at.date()}' AND dau > 0"
    return bool(reading.gold(platform.data, sql)[0][0])


def shuffled(seed: int) -> Batches:
    """The hours in a random order, cut into batches at random."""
    dice = random.Random(seed)
    hours = dice.sample(HOURS, len(HOURS))
    cuts = [0, *sorted(dice.sample(range(1, len(hours)), len(BATCHES) - 1)), len(hours)]
    return [hours[first:end] for first, end in zip(cuts, cuts[1:], strict=False)]


@pytest.mark.parametrize("batches", [BATCHES, BATCHES[::-1], shuffled(3)], ids=["in order", "reversed", "shuffled"])
def test_gold_is_what_one_full_build_gives(
    make_platform: Callable[[str], Platform], arrivals: Arrivals, refreshed: Platform, batches: Batches
) -> None:
    """With the second batch, objects are uploaded again, also some in hours that were not read yet. With the third, the
    contract is mended, and the judged hours are judged again.
    """
    platform, seen = make_platform("batches"), set[dt.datetime]()
    for number, batch in enumerate(batches):
        arrivals.land(platform, arrivals.first, batch)
        if number >= 1:
            arrivals.land(platform, arrivals.again, {*seen, *batch})
        ingest(platform, STREAMS if number >= 2 else BEFORE, {*seen, *batch})
        seen |= set(batch)
        platform.gold()
        if number == 0:
            assert happened(platform, WITHDRAWN) == (AGAIN[0] in batch)
    assert not happened(platform, WITHDRAWN)
    reading.assert_same(refreshed.data, platform.data, ("silver",))


@pytest.fixture(scope="module")
def filled(make_platform: Callable[[str], Platform], arrivals: Arrivals) -> Platform:
    """The first versions of all objects, and one full build."""
    platform = make_platform("filled")
    arrivals.land(platform, arrivals.first, HOURS)
    ingest(platform, STREAMS, HOURS)
    platform.gold()
    return platform


def test_rows_that_only_came_give_what_one_full_build_gives(
    make_platform: Callable[[str], Platform], arrivals: Arrivals, filled: Platform
) -> None:
    """No row leaves, so only the people to whom new rows may belong are rebuilt.

    At last not all streams have new rows, so only some models are built.

    Some ids stand for another person by now.
    """
    platform, stood, moved = make_platform("gains"), dict[tuple[str, str], str](), 0
    *first, last = BATCHES
    for batch, streams in [*((batch, STREAMS) for batch in first), (last, STREAMS[:2]), (last, STREAMS[2:])]:
        arrivals.land(platform, arrivals.first, batch)
        ingest(platform, streams, batch)
        platform.gold()
        stand = stands_for(platform)
        moved += sum(stand[name] != person for name, person in stood.items())
        stood = stand
    assert moved
    ran = platform.data / "dbt/run/gold/models/intermediate/int_sessions.sql"
    assert "delete from" in ran.read_text(), "the sessions of everybody were made again"
    reading.assert_same(filled.data, platform.data, ("silver",))
