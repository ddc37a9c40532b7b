"""Enriched events: fields by position, entities by schema, and lines that are no enriched events."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import pytest
from landed import conformer, outcome, outcomes, table
from tracked import PAGE, VENDOR, entities, line

from contracts.snowplow import SNOWPLOW
from events.entities import Schema


def test_a_line_has_a_column_for_every_kind_of_field() -> None:
    """Each field gets the type that the contract declares."""
    row = outcome(
        SNOWPLOW,
        line(br_cookies="1", dvce_ismobile="0", br_viewwidth="980", se_value="1.5", tr_total="12.50",
             etl_tstamp="2026-01-01 10:00:06.323397914"),
    )  # fmt: skip
    assert (row["br_cookies"], row["dvce_ismobile"], row["br_viewwidth"], row["se_value"]) == (True, False, 980, 1.5)
    assert str(row["tr_total"]) == "12.500000"
    assert row["etl_tstamp"].microsecond == 323397


@pytest.mark.parametrize(
    "field", [{"br_cookies": "yes"}, {"br_viewwidth": "9.5"}, {"tr_total": "12,50"}, {"dvce_sent_tstamp": "today"}]
)
def test_a_value_of_another_kind_is_refused(field: dict[str, str]) -> None:
    """The rejected line names the field that was wrong."""
    refused = outcome(SNOWPLOW, line(**field))
    assert (refused["reason"], refused["column"]) == ("type", *field)


@pytest.mark.parametrize(
    ("times", "second"),
    [
        ({}, 5),
        ({"dvce_created_tstamp": "2026-01-01 03:00:01", "dvce_sent_tstamp": "2026-01-01 03:00:04"}, 2),
        ({"derived_tstamp": "2026-01-01 10:00:01", "dvce_created_tstamp": "2026-01-01 03:00:01"}, 1),
        ({"true_tstamp": "2026-01-01 10:00:00", "derived_tstamp": "2026-01-01 10:00:01"}, 0),
    ],
)
def test_the_best_time_there_is(times: dict[str, str], second: int) -> None:
    """A device's clock is equally wrong when it creates and when it sends an event."""
    assert outcome(SNOWPLOW, line(**times))["event_at"] == dt.datetime(2026, 1, 1, 10, 0, second, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("code", "platform"),
    [("web", "web"), ("mob", "mobile"), ("pc", "desktop"), ("srv", "backend"), ("tv", "tv"), ("", None)],
)
def test_platforms(code: str, platform: str | None) -> None:
    """Snowplow's platform codes become the names that all streams use."""
    assert outcome(SNOWPLOW, line(platform=code))["device_platform"] == platform


def test_who_and_which_visit() -> None:
    """The first-party cookie counts before the mobile tracker's session. The collector's cookie identifies nobody.

    The collector sets it by itself: a client without cookies has another one in every request.
    """
    session = entities(("client_session", {"userId": "phone", "sessionId": "s9"}))
    rows = outcomes(
        SNOWPLOW,
        [
            line(event_id="a", domain_userid="first", network_userid="third", domain_sessionid="s1", contexts=session),
            line(event_id="b", network_userid="third", contexts=session),
            line(event_id="c", contexts=session),
            line(event_id="d", network_userid="third"),
        ],
    )
    assert [(row["anonymous_id"], row["session_id"]) for row in rows] == [
        ("first", "s1"), ("phone", "s9"), ("phone", "s9"), (None, None),
    ]  # fmt: skip


def test_entities_of_one_schema_stand_together() -> None:
    """Entities keep their order; those that no column wants are not kept, but reported by name."""
    raw = line(contexts=entities(("web_page", {"id": "1"}), ("secret_plan", {"x": 1}), ("web_page", {"id": "2"})))
    assert json.loads(outcome(SNOWPLOW, raw)[PAGE]) == [{"id": "1"}, {"id": "2"}]
    unknown = conformer(SNOWPLOW).unknown(table([raw, raw, line()]))
    assert dict(unknown) == {("contexts_com_snowplowanalytics_snowplow_secret_plan_1", "array"): 2}


def test_an_event_of_ones_own_is_an_object() -> None:
    """A line has one self-described event."""
    event = {"schema": f"iglu:{VENDOR}/link_click/jsonschema/1-0-1", "data": {"targetUrl": "https://x.example"}}
    raw = line(unstruct_event=json.dumps({"schema": f"iglu:{VENDOR}/unstruct_event/jsonschema/1-0-0", "data": event}))
    found = outcome(SNOWPLOW, raw)["unstruct_event_com_snowplowanalytics_snowplow_link_click_1"]
    assert json.loads(found) == {"targetUrl": "https://x.example"}


@pytest.mark.parametrize(
    ("schema", "column"),
    [
        ("iglu:org.w3/PerformanceTiming/jsonschema/1-0-0", "contexts_org_w3_performance_timing_1"),
        ("iglu:com.acme-shop/ad_click/jsonschema/2-1-0", "contexts_com_acme_shop_ad_click_2"),
        ("iglu:com.acme/URLThing/jsonschema/1-0-0", "contexts_com_acme_urlthing_1"),
        ("iglu:com.AcmeCorp/thing/jsonschema/1-0-0", "contexts_com_acmecorp_thing_1"),
        ("iglu:com.AcmeCorp.Ad-Tech/AdClick/jsonschema/1-0-0", "contexts_com_acmecorp_ad_tech_ad_click_1"),
        ("iglu:com.acme/thing/jsonschema/1", None),
        ("thing", None),
        (None, None),
    ],
)
def test_columns_are_called_as_the_sdks_call_them(schema: str | None, column: str | None) -> None:
    """Queries for Snowplow's own tables keep working."""
    found = Schema.of("contexts", schema)
    assert (found and found.column) == column


NO_JSON = [("-inf", "no JSON: a number that"), ("1,", "expected a key")]
BAD_ROW = {
    "schema": f"iglu:{VENDOR}.badrows/schema_violations/jsonschema/2-0-0",
    "data": {"failure": {"type": "NotJson"}, "payload": "secret"},
}


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (line() + "\tx", "132 fields, 131 wanted"),
        (line().rsplit("\t", 1)[0], "130 fields, 131 wanted"),
        (json.dumps(BAD_ROW), "bad row: schema_violations, NotJson"),
        (json.dumps({"schema": BAD_ROW["schema"]}), "bad row: schema_violations"),
        (json.dumps({"a": 1}), "1 fields, 131 wanted"),
        ("[" * 100_000, "1 fields, 131 wanted"),
        (line(contexts="{"), "contexts: no JSON: it ends before its last bracket at byte 1"),
        (
            line(derived_contexts='{"data":' + "[" * 64 + "]" * 64 + "}"),
            "derived_contexts: nested deeper than 64 at",
        ),
        (line(contexts=entities(("x", 1)).replace("jsonschema/1-0-2", "y" * 99)), "y...' for a schema"),
        (line(contexts='{"data": [7]}'), "contexts: self-describing JSON without a schema"),
        (line(contexts='{"data": {"schema": "iglu:a/b/jsonschema/1-0-0"}}'), "contexts: self-describing JSON without"),
        (line(unstruct_event='{"data": null}'), "unstruct_event: self-describing JSON without a schema"),
        *((line(contexts=entities(("x", 1)).replace("1}", f"{odd}}}")), why) for odd, why in NO_JSON),
        (json.dumps({"schema": BAD_ROW["schema"].replace("schema_viol", "v" * 99)}), "bad row: vvvv"),
        (json.dumps(BAD_ROW)[:-1] + ', "n": ' + "9" * 5000 + ', "schema": 1}', "bad row: schema_violations, NotJson"),
        (json.dumps(BAD_ROW).replace("NotJson", r"x\ud83d"), "bad row: schema_violations, x\ufffd"),
    ],
)
def test_what_is_no_enriched_event_is_malformed(raw: str, detail: str) -> None:
    """Snowplow's bad rows are rejected with their kind; their content is not shown."""
    refused = outcome(SNOWPLOW, raw)
    assert (refused["reason"], detail in refused["detail"], "secret" in refused["detail"]) == ("malformed", True, False)


def same(raws: Sequence[str]) -> bool:
    return len(set(conformer(SNOWPLOW).contents(table(raws)))) == 1


def test_the_fingerprint_tells_whether_two_events_are_the_same() -> None:
    """Without a fingerprint, the content is all fields that the pipeline did not add."""
    assert same([line(event_fingerprint="f", page_url="a"), line(event_fingerprint="f", page_url="b")])
    assert not same([line(event_fingerprint="f"), line(event_fingerprint="g")])
    assert same([line(), line(collector_tstamp="2026-01-01 11:00:00", etl_tstamp="2026-01-01 11:00:01", v_etl="2")])
    assert not same([line(page_url="a"), line(page_url="b")])


@pytest.mark.parametrize(
    "times",
    [
        {"dvce_created_tstamp": "2026-01-01 10:00:00", "dvce_sent_tstamp": "9999-05-28 13:13:23.260"},
        {"dvce_created_tstamp": "0001-01-01 00:00:00", "dvce_sent_tstamp": "2026-01-01 10:00:06"},
        {"dvce_created_tstamp": "9999-12-31 23:59:59.999999", "dvce_sent_tstamp": "0001-01-01 00:00:00"},
    ],
)
def test_a_time_in_no_calendar_is_refused_alone(times: dict[str, str]) -> None:
    """A corrected time may be any time, also one that Python's datetime cannot hold."""
    refused, accepted = outcomes(SNOWPLOW, [line(event_id="a", **times), line(event_id="b")])
    assert (refused["reason"], refused["column"], accepted["event_id"]) == ("clock", "event_at", "b")


def test_empty_and_strange_shapes_of_entities_are_no_entities() -> None:
    """A tracker may send contexts without an entity."""
    rows = outcomes(SNOWPLOW, [line(event_id=f"{n}", contexts=text) for n, text in enumerate(["{}", '{"data":[]}'])])
    assert [(row.get("reason"), row.get(PAGE)) for row in rows] == [(None, None), (None, None)]


def test_a_wrong_time_that_nothing_depends_on_is_null_and_drift() -> None:
    """Such a time costs no event and is reported as drift; a time that event_at needs still rejects."""
    wrong = line(etl_tstamp="today", refr_device_tstamp="2026-13-01", derived_tstamp="2026-01-01 10:00:00")
    row = outcome(SNOWPLOW, wrong)
    assert (row["etl_tstamp"], row["refr_device_tstamp"]) == (None, None)
    found = conformer(SNOWPLOW).unknown(table([wrong, line(etl_tstamp="today"), line()]))
    told = "text that is no timestamp"
    assert found == {("etl_tstamp", told): 2, ("refr_device_tstamp", told): 1}
    assert outcome(SNOWPLOW, line(derived_tstamp="today"))["reason"] == "type"
