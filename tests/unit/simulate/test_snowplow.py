"""The snowplow stream: its truth is what a slow reader finds among enriched lines and bad rows."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import slow_reader
from slow_reader import HEAVY, START, Event, Found, RejectedError, require

from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.snowplow.stream import SNOWPLOW

# As the format's documentation numbers them: the generator's own list is not trusted.
PLACES = {
    **{"app_id": 0, "platform": 1, "etl_tstamp": 2, "collector_tstamp": 3, "dvce_created_tstamp": 4, "event": 5},
    **{"event_id": 6, "user_id": 12, "user_ipaddress": 13, "domain_userid": 15, "domain_sessionidx": 16},
    **{"network_userid": 17, "page_url": 29, "contexts": 52, "se_value": 57, "unstruct_event": 58, "tr_orderid": 59},
    **{"tr_total": 61, "ti_orderid": 67, "ti_price": 71, "ti_quantity": 72, "useragent": 77, "br_cookies": 93},
    **{"br_viewwidth": 95, "doc_height": 107, "tr_currency": 108, "dvce_sent_tstamp": 119, "derived_contexts": 122},
    **{"domain_sessionid": 123, "derived_tstamp": 124, "event_vendor": 125, "event_name": 126, "event_version": 128},
    **{"event_fingerprint": 129, "true_tstamp": 130},
}
TIMES = ("etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp", "derived_tstamp", "true_tstamp")


def judge(line: bytes, arrived: datetime) -> Event:
    try:
        fields = line.decode().split("\t")
    except UnicodeDecodeError as error:
        raise RejectedError("malformed") from error
    require(len(fields) == 131, "malformed")
    record = {name: fields[place] for name, place in PLACES.items()}
    entities = {name: parsed(record[name]) for name in ("contexts", "unstruct_event", "derived_contexts")}
    for name in ("domain_sessionidx", "br_viewwidth", "doc_height", "ti_quantity"):
        require(not record[name] or slow_reader.integer(record[name]) >= 0, "type")
    for name in ("tr_total", "ti_price", "se_value"):
        require(not record[name] or slow_reader.number(record[name]) >= 0, "type")
    require(int(record["ti_quantity"] or 0) <= 10**6 and Decimal(record["tr_total"] or 0) <= 10**12, "rule")
    require(record["br_cookies"] in ("", "0", "1"), "type")
    times = {name: slow_reader.time(record[name]) for name in TIMES if record[name]}
    require(bool(record["event_id"] and record["collector_tstamp"]), "missing")
    at = slow_reader.believable(event_time(times), arrived)
    content = record["event_fingerprint"] or [record[name] for name in PLACES if name not in TIMES] + fields[30:31]
    return Event(record["event_id"], content, at, (record["event_name"],), (record, entities))


def parsed(text: str) -> Any:
    try:
        return json.loads(text)["data"] if text else []
    except json.JSONDecodeError as error:
        raise RejectedError("malformed") from error


def client(contexts: list[dict[str, Any]]) -> str | None:
    found = [entity["data"]["userId"] for entity in contexts if "/client_session/" in entity["schema"]]
    return found[0] if found else None


def event_time(times: dict[str, datetime]) -> datetime:
    for name in ("true_tstamp", "derived_tstamp"):
        if name in times:
            return times[name]
    if {"dvce_sent_tstamp", "dvce_created_tstamp"} <= times.keys():
        return times["collector_tstamp"] - (times["dvce_sent_tstamp"] - times["dvce_created_tstamp"])
    return times["collector_tstamp"]


@pytest.fixture(scope="module", params=[HEAVY, Shares()], ids=["heavy", "default"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=6, rate=900, seed=11, shares=request.param, events_per_file=400)
    truth = simulate(SNOWPLOW, plan, landing)
    return json.loads(json.dumps(truth.as_dict())), slow_reader.read(landing / "snowplow", judge)


def test_the_truth_is_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow_reader.assert_counts(*world)
    slow_reader.assert_events(*world)


def test_each_of_the_times_decides_for_some_event(world: tuple[dict[str, Any], Found]) -> None:
    """The event time is the first of these that an event has, and each is the first for some."""
    deciding: Counter[str] = Counter()
    for event in world[1].silver.values():
        record, _ = event.record
        order = ("true_tstamp", "derived_tstamp", "dvce_sent_tstamp", "collector_tstamp")
        deciding[next(name for name in order if record[name])] += 1
    assert len(deciding) == 4


def test_each_platform_has_its_own_device_ids(world: tuple[dict[str, Any], Found]) -> None:
    kinds: Counter[tuple[str, ...]] = Counter()
    for event in world[1].silver.values():
        record, entities = event.record
        ids = [name for name in ("domain_userid", "network_userid", "domain_sessionid") if record[name]]
        ids += ["client_session"] if client(entities["contexts"]) else []
        kinds[record["platform"], *ids] += 1
    assert set(kinds) == {
        ("web", "domain_userid", "network_userid", "domain_sessionid"),
        ("web", "network_userid"),
        ("mob", "network_userid", "client_session"),
        ("srv",),
    }


def test_without_cookies_the_collectors_id_differs_in_every_request(
    world: tuple[dict[str, Any], Found],
) -> None:
    """So it must not be counted as a person."""
    ids: dict[bool, list[str]] = {True: [], False: []}
    for event in world[1].silver.values():
        record, _ = event.record
        if record["network_userid"]:
            ids[bool(record["domain_userid"])].append(record["network_userid"])
    assert len(set(ids[False])) == len(ids[False]) > 50
    assert len(set(ids[True])) < len(ids[True]) / 2


def test_visitors_log_in_later_and_lend_their_devices(world: tuple[dict[str, Any], Found]) -> None:
    users: dict[str, set[str]] = {}
    strangers: set[str] = set()
    for event in world[1].silver.values():
        record, entities = event.record
        device = record["domain_userid"] or client(entities["contexts"])
        if device and record["user_id"]:
            users.setdefault(device, set()).add(record["user_id"])
        elif device:
            strangers.add(device)
    assert len(strangers & users.keys()) > 20, "they log in later"
    assert len(strangers - users.keys()) > 20, "they never log in"
    assert any(len(names) > 1 for names in users.values())


def test_orders_are_what_their_items_cost(world: tuple[dict[str, Any], Found]) -> None:
    records = [event.record[0] for event in world[1].silver.values()]
    orders = {record["tr_orderid"]: Decimal(record["tr_total"]) for record in records if record["tr_orderid"]}
    items: dict[str, list[Decimal]] = {}
    for record in records:
        if record["ti_orderid"]:
            cost = Decimal(record["ti_price"]) * int(record["ti_quantity"])
            items.setdefault(record["ti_orderid"], []).append(cost)
    shipping = {orders[order] - sum(costs) for order, costs in items.items() if len(costs) == 2 and order in orders}
    assert shipping == {Decimal(0), Decimal("4.99"), Decimal("7.99")}


def test_bad_rows_land_among_the_events(tmp_path: Path) -> None:
    plan = Plan(datetime(2026, 2, 27), hours=2, rate=900, shares=Shares(malformed=0.2), events_per_file=400)
    simulate(SNOWPLOW, plan, tmp_path)
    kinds: Counter[str] = Counter()
    fields: Counter[int] = Counter()
    for _, line in slow_reader.landed(tmp_path):
        fields[line.count(b"\t") + 1] += 1
        if line.startswith(b"{"):
            row = json.loads(line)
            assert {"failure", "payload"} <= row["data"].keys()
            kinds[row["schema"].removeprefix("iglu:com.snowplowanalytics.snowplow.badrows/").split("/")[0]] += 1
    assert {"schema_violations", "adapter_failures", "enrichment_failures"} <= kinds.keys()
    assert {129, 130, 132} <= fields.keys()


def test_some_files_are_compressed_and_others_not(tmp_path: Path) -> None:
    simulate(SNOWPLOW, Plan(START, hours=1, rate=100), tmp_path)
    paths = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    folder = tmp_path / "snowplow/2026/02/27/20"
    assert paths == [folder / "part-000.gz", folder / "part-001.tsv"]
    assert paths[1].read_bytes().count(b"\t") > 131


def test_arrival_is_collection(tmp_path: Path) -> None:
    simulate(SNOWPLOW, Plan(START, hours=3, rate=300, shares=Shares.none()), tmp_path)
    for arrived, line in slow_reader.landed(tmp_path):
        collected = datetime.fromisoformat(line.decode().split("\t")[3]).replace(tzinfo=UTC)
        assert collected.replace(minute=0, second=0, microsecond=0) == arrived
