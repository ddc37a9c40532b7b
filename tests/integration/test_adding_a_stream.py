"""docs/adding-a-stream.md, word by word: its contract adds a stream, and its models bring it into every figure."""

from __future__ import annotations

import datetime as dt
import gzip
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import dagster as dg
import guide
import polars as pl
import pytest
import reading
from driving import ROOT, Platform, key

from contracts import STREAMS
from contracts.stream import Stream, column

pytestmark = [pytest.mark.integration, pytest.mark.verify]
DOC = (ROOT / "docs" / "adding-a-stream.md").read_text()
PAGE = guide.blocks("adding-a-stream.md")
LAKE = ("bronze/segment", "silver/segment", "rejected/segment")
CHECKS = {
    ("bronze/segment", "complete"): True,
    ("bronze/segment", "readable"): True,
    ("silver/segment", "conservation"): True,
    ("silver/segment", "contract"): True,
    ("silver/segment", "freshness"): False,
    ("silver/segment", "late_share"): False,
    ("silver/segment", "drift"): False,
    ("rejected/segment", "rejected_share"): False,
}
BAD = (
    b'{"messageId": "m-4", "type": "group", "userId": "u-1", "timestamp": "2026-01-02T03:07:00Z"}',
    b'{"messageId": "m-5", "type": "page", "timestamp": "2026-01-02T03:07:00Z"}',
    b'{"messageId": "m-6"',
)
REPEATED = b'{"messageId": "m-7", "type": "page", "userId": "u-2", "timestamp": "2026-01-02T03:08:00Z", "sentAt": "%d"}'
STRANGE = (
    b'{"messageId": "m-8", "type": "page", "userId": "bo@example.com", "timestamp": "2026-01-02T03:09:00Z", "new": 1}'
)


def block(language: str) -> str:
    """The page's one block of code in a language."""
    (found,) = (block.text for block in PAGE if block.language == language)
    return found


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    """The contract of the page, as a file of the name that the page gives it."""
    path = tmp_path_factory.mktemp("contracts") / "segment.py"
    path.write_text(block("python"))
    spec = spec_from_file_location("contracts.segment", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "contracts.segment", module)
        spec.loader.exec_module(module)
        yield module.SEGMENT


class Added:
    """The platform with the stream added, a file landed for the current hour, and what came of it."""

    def __init__(self, folder: Path, stream: Stream, instance: dg.DagsterInstance) -> None:
        from definitions import build_defs

        self.definitions = build_defs(streams=(*STREAMS, stream))
        self.platform = Platform(folder, self.definitions, instance)
        self.hour = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
        lines = [*block("json").encode().splitlines(), *BAD, REPEATED % 1, REPEATED % 2, STRANGE]
        path = self.platform.landing / "segment" / self.hour.strftime("%Y/%m/%d/%H") / "calls.json.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(b"\n".join(lines)))

    def tick(self) -> list[dg.RunRequest]:
        """The runs that the arrivals sensor requests."""
        from resources.environment import make

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.platform.environment.items():
                patch.setenv(name, value)
            resources = {name: make(name, STREAMS, dg.get_dagster_logger()) for name in ("lake", "landing")}
            context = dg.build_sensor_context(self.platform.instance, resources=resources)
            found = self.definitions.resolve_sensor_def("arrivals")(context)
        assert isinstance(found, dg.SensorResult)
        return list(found.run_requests or [])

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """The run that was requested."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.platform.environment.items():
                patch.setenv(name, value)
            return self.definitions.resolve_job_def("ingest").execute_in_process(
                instance=self.platform.instance,
                partition_key=request.partition_key,
                asset_selection=list(request.asset_selection or []),
                tags=request.tags,
            )

    def rows(self, layer: str) -> pl.DataFrame:
        return pl.DataFrame(pl.from_arrow(reading.lake(self.platform.data, layer, "segment"))).sort("_line")


@pytest.fixture(scope="module")
def added(segment: Stream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Added]:
    """The stream is added, and the first run that the sensor requested is made."""
    with dg.DagsterInstance.ephemeral() as instance:
        platform = Added(tmp_path_factory.mktemp("added"), segment, instance)
        (request,) = platform.tick()
        assert {asset.to_user_string() for asset in request.asset_selection or []} == {*LAKE, "warehouse/segment"}
        assert request.partition_key == key(platform.hour)
        assert platform.run(request).success
        yield platform


def test_silver_holds_the_calls(added: Added) -> None:
    """Each column has the value from the path that the page declares."""
    rows = {row["event_id"]: row for row in added.rows("silver").iter_rows(named=True)}
    assert list(rows) == ["m-1", "m-2", "m-3", "m-7", "m-8"]
    page, identify, track = (rows[f"m-{number}"] for number in (1, 2, 3))
    assert (page["event_name"], page["page_path"], page["device_platform"]) == ("page", "/", "web")
    assert json.loads(page["campaign"]) == {"source": "news", "medium": "email"}
    assert (identify["user_id"], identify["plan"], len(identify["email"])) == ("u-1", "pro", 64)
    assert (track["event_name"], str(track["revenue"]), track["currency"]) == ("Order Completed", "24.900000", "EUR")
    ((product,),) = (track["products"],)
    assert {name: str(value) for name, value in product.items()} == {
        "product_id": "p-1",
        "price": "12.450000",
        "quantity": "2",
    }
    assert len(rows["m-8"]["user_id"]) == 64


def test_rejected_holds_the_others(added: Added) -> None:
    """Another kind of call, nobody's call, half a line, and a repetition that differs only in the time of sending."""
    found = added.rows("rejected").select("reason", "column").rows()
    assert found == [("rule", "call_type"), ("rule", None), ("malformed", None), ("duplicate", None)]
    reading.assert_conserved(added.platform.data, "segment")


def test_the_checks_are_there(added: Added) -> None:
    """They warn of what is wrong in this file: rejected records, old events, a field that the contract does not
    mention.
    """
    (run,) = added.platform.instance.get_runs(dg.RunsFilter(job_name="ingest"))
    found = added.platform.checks(run)
    assert not found.pop(("silver/segment", "up_to_date", None))
    assert found == {(*name, key(added.hour)): passed for name, passed in CHECKS.items()}


def test_the_pages_of_the_assets_tell_what_came(added: Added) -> None:
    """Rejected shows reasons with examples, silver the number of fields that the contract does not mention."""
    (run,) = added.platform.instance.get_runs(dg.RunsFilter(job_name="ingest"))
    made = added.platform.materializations(run)
    assert set(made) == {*((asset, key(added.hour)) for asset in LAKE), ("warehouse/segment", None)}
    assert made["silver/segment", key(added.hour)]["unknown_fields"] == 1
    records = made["rejected/segment", key(added.hour)]["rejected_records"]
    assert [record.data["reason"] for record in records.records] == ["malformed", "rule", "rule", "duplicate"]
    specs = {spec.key.to_user_string(): spec for spec in added.definitions.resolve_all_asset_specs()}
    assert specs["silver/segment"].owners == ["team:growth"]
    assert specs["silver/segment"].group_name == "segment"


def test_the_sensor_has_nothing_more_to_ask(added: Added) -> None:
    """What landed has been loaded."""
    assert added.tick() == []


@pytest.fixture(scope="module")
def followed(make_platform: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A copy of the project with all changes of the page, and a platform of it with the page's calls, released."""
    project = guide.Project(tmp_path_factory.mktemp("project"))
    for shown in PAGE:
        if shown.language != "json":
            project.write(shown)
    contracts = "platform/contracts/__init__.py"
    project.replace(contracts, "from contracts.web", "from contracts.segment import SEGMENT\nfrom contracts.web")
    project.replace(contracts, "EVENTS)", "EVENTS, SEGMENT)")
    platform = make_platform("followed")
    environment = platform.for_child(PYTHONPATH="platform")
    project.run("make sources", environment)
    hour = dt.datetime(2026, 1, 2, 3)
    platform.land(hour, "calls.json", block("json").encode(), "segment")
    project.run_jobs(hour, environment, "ingest", "gold")
    return platform


def test_every_figure_across_streams_has_the_stream(followed: Platform) -> None:
    """Ann looks around, logs in and buys.

    She is one active person, one person in each step of the funnel, and one buyer.
    """
    active = "SELECT identity_space, dau, new_users FROM marts.daily_active_users WHERE device_platform = 'all'"
    assert sorted(reading.gold(followed.data, f"{active} AND app_id = 'all'")) == [("all", 1, 1), ("site", 1, 1)]
    funnel = "FROM marts.funnel_steps WHERE funnel = 'segment purchase' ORDER BY step"
    assert reading.gold(followed.data, f"SELECT event_name, users {funnel}") == [("page", 1), ("Order Completed", 1)]
    credited = "FROM marts.attribution_credits WHERE stream = 'segment'"
    bought = reading.gold(followed.data, f"SELECT purchase_id, person_id, currency, channel, linear_value {credited}")
    assert bought == [("oo-9", "u-1", "EUR", "untouched", Decimal("24.90"))]
    people = "SELECT person_id, sessions, completed_orders FROM marts.user_profiles"
    assert reading.gold(followed.data, people) == [("u-1", 1, 1)]


def test_the_list_of_streams_is_the_only_one() -> None:
    """A second list would silently leave a new stream out of some figures."""
    staging = sorted(path.stem for path in (ROOT / "dbt/models/staging").glob("stg_*.sql"))
    naming = {
        path.name: [name for name in staging if f"'{name}':" in path.read_text()]
        for path in (ROOT / "dbt").rglob("*.sql")
        if "target" not in path.parts
    }
    assert {name: found for name, found in naming.items() if found} == {"streams.sql": staging}


def test_the_page_tells_all_that_a_contract_can_say() -> None:
    """Nobody finds an option of a contract that the page does not explain."""
    told = set(re.findall(r"^\| `(\w+)`", DOC, re.MULTILINE)) | {"name", "version", "owner", "description", "model"}
    assert told == {field.name for field in fields(Stream)} | set(inspect.signature(column).parameters)
