"""Both sensors on an instance with real run records, over real folders and tables."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from contracts.commerce import COMMERCE
from lake.load_bronze import load_bronze
from lake.tables import Lake
from partitions import arrival_window, hour_of, key_of
from resources import dbt
from resources.environment import first_hour
from resources.landing.folder import FolderLanding
from resources.warehouse.protocol import WarehouseBusy
from sensors.arrivals import CHANGE_TAG, arrivals_sensor
from sensors.changes import HOUR
from sensors.touched import touched_sensor

JOB = dg.define_asset_job("ingest")
FAILURE, SUCCESS, STARTED = (getattr(dg.DagsterRunStatus, name) for name in ("FAILURE", "SUCCESS", "STARTED"))


class World:
    """A landing zone, a lake and an instance; `tick` evaluates the sensor and keeps its cursor."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.instance, self.folder, self.cursor = instance, folder, None
        self.landing = FolderLanding(folder / "landing")
        self.lake = Lake({"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}"}, folder / "scratch")
        self.sensor = arrivals_sensor([COMMERCE], JOB)

    @property
    def current(self) -> dt.datetime:
        return arrival_window(first_hour(), dt.datetime.now(dt.UTC))[1] - HOUR

    def put(self, hour: dt.datetime | None, name: str = "a", content: bytes = b"{}") -> None:
        path = self.landing.root / "commerce" / (hour.strftime("%Y/%m/%d/%H") if hour else "astray") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def tick(self, status: dg.DagsterRunStatus | None = STARTED) -> list[dg.RunRequest]:
        """The sensor's requests; for each a run with this status is recorded, as the daemon would."""
        context = dg.build_sensor_context(
            self.instance, cursor=self.cursor, resources={"lake": self.lake, "landing": self.landing}
        )
        result = self.sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        requests = list(result.run_requests or [])
        for request in requests if status else []:
            create_run_for_test(self.instance, tags=dict(request.tags), status=status)
        return requests

    def load(self, *hours: dt.datetime) -> None:
        now = dt.datetime.now(dt.UTC)
        load_bronze(self.lake, self.landing, COMMERCE, hours, arrival_window(first_hour(), now), now)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(tmp_path, instance)


def test_an_unreadable_object_is_requested_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger knows it as refused. Requested at every tick, it would cause runs for ever."""
    world.put(world.current)
    folder = next((world.landing.root / "commerce").rglob("a")).parent
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    (folder / "broken").symlink_to("/proc/self/mem")
    (world.landing.root / "commerce" / "2021").symlink_to(folder)
    assert len(world.tick()) == 1
    world.load(world.current)
    for cursor in (world.cursor, None):
        world.cursor = cursor
        assert world.tick() == []


def test_a_change_is_requested_once(world: World) -> None:
    """It stays a change until it is loaded, and a tick comes every few seconds."""
    assert world.tick() == []
    world.put(world.current)
    (request,) = world.tick()
    assert request.partition_key == key_of(world.current)
    assert request.tags[CHANGE_TAG]
    assert world.tick() == []
    world.load(world.current)
    assert world.tick() == []


def test_a_cursor_of_an_older_release_does_no_harm(world: World) -> None:
    """Its runs had another tag, so the sensor does not know them: the change is requested again, and then once."""
    world.put(world.current)
    world.tick(SUCCESS)
    for run in world.instance.get_runs():
        world.instance.delete_run(run.run_id)
        create_run_for_test(world.instance, tags={"arrivals/change": run.tags[CHANGE_TAG]}, status=SUCCESS)
    assert len(world.tick()) == 1
    assert world.tick() == []


def test_requests_of_a_stream_that_is_gone_leave_the_cursor(world: World) -> None:
    """A contract was removed. Nobody will list its hours again."""
    world.cursor = json.dumps({"swept": "before", "asked": {f"gone {key_of(world.current)}": ["change", "run"]}})
    assert world.tick() == []
    assert json.loads(world.cursor or "")["asked"] == {}


def test_the_first_hour_can_move(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded is not requested again. What was refused is, when its hour is a partition again."""
    early = world.current - 50 * HOUR
    world.put(early)
    world.load(early)
    monkeypatch.setenv("FIRST_HOUR", key_of(world.current - 10 * HOUR))
    assert world.tick() == []
    world.put(early, name="b")
    world.cursor = None
    (request,) = world.tick()
    assert request.partition_key == key_of(world.current), "a new one is for the current hour to refuse"
    world.load(world.current)
    world.cursor = None
    assert world.tick() == []
    monkeypatch.delenv("FIRST_HOUR")
    world.cursor = None
    (request,) = world.tick()
    assert request.partition_key == key_of(early)


def test_a_re_upload_is_requested_again(world: World) -> None:
    """The ledger knows the path, but not its new content."""
    world.put(world.current)
    (first,) = world.tick(SUCCESS)
    world.load(world.current)
    world.put(world.current, content=b"{}{}")
    (second,) = world.tick()
    assert first.tags[CHANGE_TAG] != second.tags[CHANGE_TAG]


def test_a_file_that_lands_while_a_run_is_under_way_is_not_lost(world: World) -> None:
    """Not even if it lands in the second of the tick, with the same time as a file that was seen."""
    world.put(world.current)
    world.tick()
    world.put(world.current, "b")
    for name in "ab":
        os.utime(world.landing.root / f"commerce/{world.current:%Y/%m/%d/%H}/{name}", (1, 1))
    assert len(world.tick()) == 1


def test_a_failed_run_is_requested_again_after_its_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no run key, as Dagster never runs the same key twice."""
    from sensors import retry

    world.put(world.current)
    (first,) = world.tick(FAILURE)
    assert world.tick() == [], "it is too soon"
    monkeypatch.setattr(retry, "FIRST_WAIT", dt.timedelta(0))
    (second,) = world.tick()
    assert first.tags == second.tags
    assert first.run_key is second.run_key is None
    assert world.tick() == []


def hours_of(request: dg.RunRequest) -> list[dt.datetime]:
    """The arrival hours of a request's run."""
    ends = [request.tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end")]
    first, last = (hour_of(key or request.partition_key or "") for key in ends)
    return [first + number * HOUR for number in range((last - first) // HOUR + 1)]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_backlog_is_requested_by_and_by(world: World, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """A first start on many hours: a few runs at a time until all are loaded, live hours first."""
    monkeypatch.setenv("BACKLOG_ORDER", order)
    hours = {world.current - number * HOUR for number in range(150)}
    for hour in hours:
        world.put(hour)
    requested: list[dt.datetime] = []
    for _ in range(100):  # on a slow machine a tick lists few hours
        requests = world.tick(SUCCESS)
        assert len(requests) <= 3 + 4
        for request in requests:
            requested += hours_of(request)
            world.load(*hours_of(request))
    assert sorted(requested) == sorted(hours), "each once"
    assert set(requested[:3]) == {world.current - number * HOUR for number in range(3)}
    while world.tick():
        pass
    assert json.loads(world.cursor or "")["asked"] == {}, "finished requests leave the cursor without another sweep"


def test_a_backlog_is_not_requested_beyond_a_bound(world: World) -> None:
    """While its runs have not ended, a tick adds none, but a new object of the current hour gets its run."""
    for number in range(150):
        world.put(world.current - number * HOUR)
    found = [request for _ in range(20) for request in world.tick()]
    assert len(found) == 3 + 4
    world.put(world.current, "b")
    (request,) = world.tick()
    assert hours_of(request) == [world.current]


def test_a_run_that_waits_to_begin_covers_later_objects(world: World) -> None:
    """While a run waits, files may land every second. It will list them all, so one run is enough."""
    world.put(world.current)
    assert len(world.tick(dg.DagsterRunStatus.NOT_STARTED)) == 1
    for name in "bcd":
        world.put(world.current, name)
        assert world.tick() == []
    (run,) = world.instance.get_runs()
    world.instance.delete_run(run.run_id)
    create_run_for_test(world.instance, tags=run.tags, status=STARTED)
    assert len(world.tick()) == 1, "it may have listed the hour already"


def test_a_sweep_finds_old_hours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tick lists recent hours. A late upload into an old hour is found by the next sweep."""
    from sensors import arrivals

    world.tick()
    old = world.current - 1000 * HOUR
    world.put(old)
    assert world.tick() == [], "listing everything at every tick would cost too much"
    monkeypatch.setattr(arrivals, "SWEEP_EVERY", dt.timedelta(0))
    (request,) = world.tick()
    assert request.partition_key == key_of(old)
    assert world.tick() == []
    monkeypatch.undo()
    assert world.tick() == [], "what only a sweep lists stays requested between sweeps"


def test_an_object_of_no_hour_requests_a_run_of_the_current_hour(world: World) -> None:
    """That run refuses it in the ledger, where people see it."""
    world.put(None)
    (request,) = world.tick()
    assert request.partition_key == key_of(world.current)
    assert world.tick() == []


class Warehouse:
    """The part of a warehouse that the sensor reads. By default the release has the current code."""

    def __init__(
        self, in_gold: dict[str, Any], applied: dict[str, Any], busy: bool = False, code: str | None = None
    ) -> None:
        self.notes, self.busy = (in_gold, applied), busy
        self.code = code or dbt.project(self.profile()).version

    def snapshots_in_gold(self, timeout_s: float) -> dict[str, Any]:
        if self.busy:
            raise WarehouseBusy("locked")
        return self.notes[0]

    def applied_snapshots(self, timeout_s: float) -> dict[str, Any]:
        return self.notes[1]

    def release_facts(self, timeout_s: float) -> dict[str, str]:
        return {"code": self.code} if self.notes[0] else {}

    def profile(self) -> dict[str, object]:
        return dbt.output("local")


def touched(world: World, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_sensor_context(world.instance, resources={"lake": world.lake, "warehouse": warehouse})
    found = touched_sensor([COMMERCE], dg.define_asset_job("gold"))(context)
    assert isinstance(found, dg.RunRequest | dg.SkipReason)
    return found


def test_gold_is_requested_when_the_warehouse_has_newer_snapshots(world: World) -> None:
    """The first release builds everything; a release of the current snapshots needs no other."""
    assert isinstance(touched(world, Warehouse({}, {"commerce": 7})), dg.RunRequest)
    assert isinstance(touched(world, Warehouse({"commerce": {7}}, {"commerce": 7})), dg.SkipReason)
    assert isinstance(touched(world, Warehouse({}, {})), dg.SkipReason)


def test_gold_is_requested_when_its_code_has_changed(world: World) -> None:
    """An upgrade reaches readers although nothing new has landed. Before the first release there are no readers."""
    assert isinstance(touched(world, Warehouse({"commerce": {7}}, {"commerce": 7}, code="older")), dg.RunRequest)
    assert isinstance(touched(world, Warehouse({}, {}, code="older")), dg.SkipReason)


def test_gold_waits_for_its_run_and_for_the_warehouse(world: World) -> None:
    """A tick must be short: it does not wait for a lock or a run."""
    assert isinstance(touched(world, Warehouse({}, {"commerce": 7}, busy=True)), dg.SkipReason)
    create_run_for_test(world.instance, job_name="gold", status=STARTED)
    found = touched(world, Warehouse({}, {"commerce": 7}))
    assert "under way" in str(getattr(found, "skip_message", ""))
