"""Entities of enriched events as columns, and their fields as columns by the rules for JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import polars as pl
import pytest
from landed import conformer, outcome, outcomes, table
from tracked import PAGE, VENDOR, entities, line

from contracts.snowplow import SNOWPLOW, SnowplowEvent
from contracts.stream import column
from events.conform import Conformer

SESSION = "contexts_com_snowplowanalytics_snowplow_client_session_1"


@pytest.mark.parametrize(
    ("session", "user", "visit"),
    [
        ('{"userId": "a", "userId": "b", "sessionId": "s"}', "a", "s"),
        ('{"userId": 1e3, "sessionId": 12345678901234567890.10}', "1e3", "12345678901234567890.10"),
        ('{"userId": "a", "sessionId": "s", "sessionIndex": 1e999, "eventIndex": 9223372036854775808}', "a", "s"),
        ('{"userId": "", "sessionId": " \\t\\u00a0"}', None, None),
        ('{"userId": null}', None, None),
        ('{"\\u0075serId": "\\u0061", "sessionId": {"userId": "x"}, "sessionId": "s"}', "a", "type"),
        ('{"userId": true}', "type", None),
        ('{"userId": ["a"]}', "type", None),
        ('{"userId": NaN}', "type", None),
        ('["a"]', "type", None),
        ('"a"', "type", None),
        ("null", None, None),
    ],
)
def test_ids_of_entities_follow_the_rule_for_hostile_json(session: str, user: str | None, visit: str | None) -> None:
    """Fields of an entity are read like fields of any JSON object; the entity's column is as sent."""
    raw = line(contexts=entities(("client_session", 7)).replace('"data": 7', f'"data": {session}'))
    row = outcome(SNOWPLOW, raw)
    if "type" in (user, visit):
        assert row["reason"] == "type"
        return
    assert (row["client_session_user_id"], row["client_session_id"]) == (user, visit)
    assert (row["anonymous_id"], row["session_id"]) == (user, visit)
    assert row[SESSION] == f"[{session.replace(' ', '') if user else session.replace(': ', ':').replace(', ', ',')}]"


def test_the_first_entity_tells_the_ids() -> None:
    """The tracker's entity comes before one that the enrichment derived."""
    found = [entities(("client_session", {"userId": user, "sessionId": user})) for user in ("a", "b")]
    both = entities(("client_session", {"userId": "c"}), ("client_session", {"userId": "d", "sessionId": "d"}))
    lines = [
        line(event_id="1", contexts=found[0], derived_contexts=found[1]),
        line(event_id="2", derived_contexts=found[1]),
        line(event_id="3", contexts=both),
    ]
    rows = outcomes(SNOWPLOW, lines)
    assert [(row["anonymous_id"], row["session_id"]) for row in rows] == [("a", "a"), ("b", "b"), ("c", None)]


def shop(action: Any, **transaction: Any) -> str:
    """An event of the e-commerce plug-in."""
    vendor = f"{VENDOR}.ecommerce"
    event = {"schema": f"iglu:{vendor}/snowplow_ecommerce_action/jsonschema/1-0-2", "data": action}
    sent = json.dumps({"schema": f"iglu:{VENDOR}/unstruct_event/jsonschema/1-0-0", "data": event})
    return line(unstruct_event=sent, contexts=entities(("transaction", transaction), vendor=vendor))


def test_the_plug_ins_order() -> None:
    """The order's fields are columns with the usual types for amounts and ids."""
    row = outcome(SNOWPLOW, shop({"type": "transaction"}, transaction_id=17, revenue="1299.00", currency="EUR"))
    found = [row[f"ecommerce_{name}"] for name in ("action", "transaction_id", "revenue", "currency")]
    assert [found[0], found[1], float(found[2]), found[3]] == ["transaction", "17", 1299, "EUR"]


@pytest.mark.parametrize("revenue", ["1,299.00", True, {"amount": 1}, 10**40])
def test_an_amount_that_cannot_be_held_is_told(revenue: Any) -> None:
    """An amount in an entity that cannot be read rejects its event, so no order loses its value silently."""
    refused = outcome(SNOWPLOW, shop({"type": "transaction"}, transaction_id="t", revenue=revenue))
    assert (refused["reason"], refused["column"]) == ("type", "ecommerce_revenue")


def test_a_column_may_take_a_field_of_the_line_or_of_an_entity() -> None:
    """The first path with a value counts, and an entity's array can become a list."""
    taken = {
        "who": column(("user_id", "contexts_com_acme_user_1.account.id"), description="x"),
        "tags": column("contexts_com_acme_user_1.tags", each={"name": "name"}, description="x"),
        "profile": column("contexts_com_acme_user_1.profile", json=True, description="x"),
    }
    kinds = {"who": str, "profile": str, "tags": Annotated[pl.List, pl.Struct({"name": pl.String})]}
    model = type("Acme", (SnowplowEvent,), {"__annotations__": kinds, **taken})
    user = entities(
        ("user", {"account": {"id": 5}, "tags": [{"name": "x"}, {"name": " "}], "profile": [1]}), vendor="com.Acme"
    )
    stream = dataclasses.replace(SNOWPLOW, model=model)
    rows = outcomes(stream, [line(event_id="1", contexts=user), line(event_id="2", user_id="u", contexts=user)])
    assert [(row["who"], row["profile"], row["tags"]) for row in rows] == [
        ("5", "[1]", [{"name": "x"}, {"name": None}]), ("u", "[1]", [{"name": "x"}, {"name": None}]),
    ]  # fmt: skip
    strange = outcome(stream, line(contexts=user.replace('{"id": 5}', "5")))
    assert strange["detail"] == "contexts_com_acme_user_1.account: object wanted, number found"
    assert not conformer(stream).unknown(table([line(contexts=user)]))


def test_derived_entities_stand_behind_the_trackers_own() -> None:
    """A derived entity of the same schema does not replace the tracker's."""
    raw = line(contexts=entities(("web_page", {"id": "1"}), ("web_page", {"id": "2"})),
               derived_contexts=entities(("web_page", {"id": "3"})))  # fmt: skip
    assert json.loads(outcome(SNOWPLOW, raw)[PAGE]) == [{"id": "1"}, {"id": "2"}, {"id": "3"}]


@pytest.mark.parametrize(
    ("path", "as_json"), [("page_uri", False), ("page_url", True), ("contexts_com_acme_user_1", False)]
)
def test_a_path_that_leads_nowhere_is_told(path: str, as_json: bool) -> None:
    """A misspelt path would make a column of nulls."""
    taken = {"misled": column(path, json=as_json, description="x")}
    model = type("Misled", (SnowplowEvent,), {"__annotations__": {"misled": str}, **taken})
    with pytest.raises(ValueError, match=rf"contract 'snowplow': expected fields .* found the paths \['{path}'\]"):
        Conformer(dataclasses.replace(SNOWPLOW, model=model), b"key")


def test_what_json_does_not_know_concerns_its_own_column() -> None:
    """NaN in an entity that no column keeps rejects nothing, like NaN in an unknown field."""
    lines = [line(event_id=name, contexts=entities((name, {"x": float("nan")}))) for name in ("web_page", "x")]
    refused, accepted = outcomes(SNOWPLOW, lines)
    assert (refused["reason"], refused["detail"]) == ("type", f"{PAGE}: NaN and Infinity are not JSON")
    assert accepted["event_id"] == "x"
