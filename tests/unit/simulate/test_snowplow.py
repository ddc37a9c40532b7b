"""The snowplow stream: its truth is what a slow reader finds among enriched lines and bad rows."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
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
    **{"tr_total": 61, "ti_orderid": 67, "ti_price": 71, "ti_quantity": 72, "pp_yoffset_max": 76, "useragent": 77},
    **{"br_cookies": 93, "br_viewwidth": 95, "doc_height": 107, "tr_currency": 108, "dvce_sent_tstamp": 119},
    **{"derived_contexts": 122, "domain_sessionid": 123, "derived_tstamp": 124, "event_vendor": 125, "event_name": 126},
    **{"event_version": 128, "event_fingerprint": 129, "true_tstamp": 130},
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


@pytest.fixture(scope="module")
def visits() -> list[tuple[dict[str, str], dict[str, Any], datetime]]:
    """Good events of a busy hour, each with its fields, its entities by name, and its time."""
    plan = Plan(START, hours=1, rate=20_000, seed=5, shares=Shares.none(), events_per_file=50_000)
    found = []
    with TemporaryDirectory() as folder:
        simulate(SNOWPLOW, plan, Path(folder))
        for arrived, line in slow_reader.landed(Path(folder)):
            event = judge(line, arrived)
            record, parts = event.record
            entities: dict[str, Any] = {}
            for entity in (*parts["contexts"], *parts["derived_contexts"]):
                entities.setdefault(entity["schema"].split("/")[1], []).append(entity["data"])
            if parts["unstruct_event"]:
                entities[parts["unstruct_event"]["schema"].split("/")[1]] = parts["unstruct_event"]["data"]
            found.append((record, entities, event.at))
    return found


def test_a_page_view_has_an_id_that_its_events_share(visits: list[Any]) -> None:
    """Its pings come every ten seconds or after a pause of tens of seconds, and say how far one scrolled."""
    pages: dict[str, list[Any]] = {}
    for record, entities, at in sorted(visits, key=lambda event: event[2]):
        if record["platform"] == "web":
            pages.setdefault(entities["web_page"][0]["id"], []).append((record, at))
    names = [[record["event_name"] for record, _ in page] for page in pages.values()]
    assert all(page[0] == "page_view" and page.count("page_view") == 1 for page in names)
    assert sum("page_ping" in page for page in names) > 500
    gaps = set()
    for page in pages.values():
        assert len({record["page_url"] for record, _ in page}) == len({record["doc_height"] for record, _ in page}) == 1
        for (_, before), (record, at) in pairwise(page):
            if record["event_name"] == "page_ping":
                assert 0 <= int(record["pp_yoffset_max"]) < int(record["doc_height"])
                gaps.add(round((at - before).total_seconds()))
    assert gaps >= {10, 20, 30, 60}


def test_screens_have_ids_and_names(visits: list[Any]) -> None:
    """What is tapped on a screen has the screen's id, and a later screen tells the one before."""
    viewed = {e["screen_view"]["id"]: e["screen_view"]["name"] for _, e, _ in visits if "screen_view" in e}
    previous = [e["screen_view"].get("previousName") for _, e, _ in visits if "screen_view" in e]
    on_screen = [e["screen"][0] for record, e, _ in visits if record["platform"] == "mob"]
    assert {screen["id"]: screen["name"] for screen in on_screen} == viewed
    assert len(viewed) == len(previous) > previous.count(None) > 0


def test_the_plug_ins_sales_are_what_their_products_cost(visits: list[Any]) -> None:
    """A refund is of a sale of the same visit, in full or in part."""
    actions = Counter(e["snowplow_ecommerce_action"]["type"] for _, e, _ in visits if "snowplow_ecommerce_action" in e)
    assert set(actions) == {
        *("product_view", "add_to_cart", "remove_from_cart", "checkout_step", "transaction", "refund"),
    }  # fmt: skip
    sales = {}
    for _, entities, _ in visits:
        for sale in entities.get("transaction", []):
            cost = sum(Decimal(str(item["price"])) * item["quantity"] for item in entities["product"])
            assert Decimal(str(sale["revenue"])) == cost + Decimal(str(sale["shipping"]))
            sales[sale["transaction_id"]] = sale["revenue"]
    refunds = [refund for _, entities, _ in visits for refund in entities.get("refund", [])]
    assert len(sales) == actions["transaction"]
    shares = {refund["refund_amount"] / sales[refund["transaction_id"]] for refund in refunds}
    assert max(shares) == 1
    assert min(shares) < 0.6


def test_bots_say_so(visits: list[Any]) -> None:
    """Those of them that enrichment classified agree with their user agent, and some keep a cookie."""
    classes: Counter[tuple[str, bool]] = Counter()
    for record, entities, _ in visits:
        is_bot = "bot" in record["useragent"].lower()
        for robot in entities.get("spiders_and_robots", []):
            assert robot["spiderOrRobot"] == is_bot == (entities["yauaa_context"][0]["deviceClass"] == "Robot")
            classes["classified", is_bot] += 1
        classes["cookie" if record["domain_userid"] else "no cookie", is_bot] += 1
    assert all(classes[kind, is_bot] for kind in ("classified", "cookie", "no cookie") for is_bot in (True, False))


def test_some_consent_and_some_pages_fail(visits: list[Any]) -> None:
    """The marts of consent, web vitals and errors have something to show."""
    names = Counter(record["event_name"] for record, _, _ in visits)
    assert min(names[name] for name in ("cmp_visible", "consent_preferences", "web_vitals", "application_error")) > 20
    assert {e["consent_preferences"]["eventType"] for _, e, _ in visits if "consent_preferences" in e} == {
        *("allow_all", "allow_selected", "deny_all"),
    }  # fmt: skip


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
