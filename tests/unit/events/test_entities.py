"""Entities of enriched events as columns, and their fields as columns by the rules for JSON."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
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


SHOP = f"{VENDOR}.ecommerce"


def described(vendor: str, name: str, data: Any) -> str:
    """A self-describing event."""
    event = {"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-2", "data": data}
    return json.dumps({"schema": f"iglu:{VENDOR}/unstruct_event/jsonschema/1-0-0", "data": event})


def shop(action: Any, **transaction: Any) -> str:
    """An event of the e-commerce plug-in."""
    sent = described(SHOP, "snowplow_ecommerce_action", action)
    return line(unstruct_event=sent, contexts=entities(("transaction", transaction), vendor=SHOP))


def products(*found: Any, **fields: str) -> str:
    """An event with products of the e-commerce plug-in."""
    return line(contexts=entities(*(("product", product) for product in found), vendor=SHOP), **fields)


def test_all_products_of_an_event_are_a_list() -> None:
    """Each product entity is one element, in the order sent; an event without any has no list."""
    shoe = {"id": "p1", "name": "Shoe", "category": "a/b", "price": 12.5, "quantity": 2, "currency": "EUR", "size": "L"}
    derived = entities(("product", {"id": 3}), vendor=SHOP)
    lines = [
        products(shoe, {"id": "p2", "price": "7.1234567"}, None, event_id="1", derived_contexts=derived),
        line(event_id="2", contexts=entities(("page", {"type": "product"}), vendor=SHOP)),
        products(None, event_id="3"),
        products({}, event_id="4"),
    ]
    rows = outcomes(SNOWPLOW, lines)
    found = [[[*map(str, product.values())] for product in row["ecommerce_products"] or []] for row in rows]
    assert found[0] == [
        ["p1", "Shoe", "a/b", "12.500000", "2", "EUR"],
        ["p2", "None", "None", "7.123457", "None", "None"],
        ["3", *["None"] * 5],
    ]
    assert [row["ecommerce_products"] for row in rows[1:3]] == [None, None]
    assert found[3] == [["None"] * 6]
    assert [row["amounts_rounded"] for row in rows] == [True, False, False, False]
    assert rows[1]["ecommerce_page_type"] == "product"


@pytest.mark.parametrize(
    ("product", "reason", "detail"),
    [
        ("p1", "type", "an element is no object"),
        ("{}", "type", "an element is no object"),
        ([{}], "type", "an element is no object"),
        ({"price": "a lot"}, "type", "unit_price: 'a lot' is no decimal(24,6)"),
        ({"quantity": 1.5}, "type", "quantity: '1.5'"),
        ({"quantity": 1_000_001}, "rule", "quantity is from -1000000 to 1000000"),
        ({"price": 10**13}, "rule", "unit price is from"),
    ],
)
def test_a_product_that_cannot_be_held_is_told(product: Any, reason: str, detail: str) -> None:
    """One wrong product rejects its event, and no other one."""
    refused, accepted = outcomes(SNOWPLOW, [products({"id": "p"}, product), products({"id": "q"}, event_id="e2")])
    assert (refused["reason"], refused["column"]) == (reason, "ecommerce_products")
    assert detail in refused["detail"]
    assert accepted["ecommerce_products"][0]["product_id"] == "q"


def test_which_view_an_event_belongs_to() -> None:
    """The web page counts first, then the screen that the event says it views, then the screen it happened on."""
    mobile = "com.snowplowanalytics.mobile"
    page, screen = (
        entities(("web_page", {"id": "page"})),
        entities(("screen", {"id": "s0", "name": "Old"}), vendor=mobile),
    )
    view = described(mobile, "screen_view", {"id": "s1", "name": "New", "previousName": "Old"})
    rows = outcomes(
        SNOWPLOW,
        [
            line(event_id="1", contexts=page),
            line(event_id="2", contexts=screen, unstruct_event=view),
            line(event_id="3", contexts=screen),
            line(event_id="4"),
        ],
    )
    names = ("view_id", "screen_name", "screen_previous_name")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("page", None, None), ("s1", "New", "Old"), ("s0", "Old", None), (None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "name", "data", "values"),
    [
        ("com.iab.snowplow", "spiders_and_robots", {"spiderOrRobot": True, "category": "SPIDER_OR_ROBOT"},
         {"iab_is_bot": True, "iab_category": "SPIDER_OR_ROBOT"}),
        ("nl.basjes", "yauaa_context", {"deviceClass": "Robot", "agentClass": "Robot", "agentName": "Googlebot"},
         {"yauaa_device_class": "Robot", "yauaa_agent_class": "Robot", "yauaa_agent_name": "Googlebot"}),
        (SHOP, "cart", {"cart_id": None, "total_value": 20, "currency": "EUR"},
         {"ecommerce_cart_id": None, "ecommerce_cart_value": Decimal(20), "ecommerce_cart_currency": "EUR"}),
        (SHOP, "refund", {"transaction_id": "t", "refund_amount": 5.5, "currency": "EUR"},
         {"ecommerce_refund_id": "t", "ecommerce_refund_amount": Decimal("5.5"), "ecommerce_refund_currency": "EUR"}),
        (SHOP, "transaction", {"tax": 1, "shipping": 2.5, "discount_amount": 0},
         {"ecommerce_tax": 1, "ecommerce_shipping": Decimal("2.5"), "ecommerce_discount": 0}),
        ("com.snowplowanalytics.mobile", "application", {"version": "1.2", "build": "7"}, {"app_version": "1.2"}),
    ],
)  # fmt: skip
def test_fields_of_entities(vendor: str, name: str, data: Any, values: dict[str, Any]) -> None:
    """The fields are called as Snowplow's public schemas call them."""
    row = outcome(SNOWPLOW, line(derived_contexts=entities((name, data), vendor=vendor)))
    assert {name: row[name] for name in values} == values


@pytest.mark.parametrize(
    ("name", "data", "values"),
    [
        ("consent_preferences",
         {"eventType": "allow_selected", "basisForProcessing": "consent", "consentVersion": "1.0",
          "consentScopes": ["ads", "a\"b"], "gdprApplies": False, "consentUrl": "https://x.example"},
         {"consent_event": "allow_selected", "consent_basis": "consent", "consent_version": "1.0",
          "consent_scopes": '["ads","a\\"b"]', "consent_gdpr_applies": False}),
        ("cmp_visible", {"elapsedTime": 1.5}, {"cmp_elapsed_seconds": 1.5}),
        ("web_vitals", {"lcp": 2500, "cls": 0.05, "fid": None, "navigationType": "reload"},
         {"vitals_lcp": 2500.0, "vitals_cls": 0.05, "vitals_fid": None, "vitals_navigation_type": "reload"}),
        ("application_error",
         {"message": "  no such key", "programmingLanguage": "JAVA", "isFatal": True, "exceptionName": "E",
          "className": "C"},
         {"error_message": "  no such key", "error_language": "JAVA", "error_is_fatal": True, "error_exception": "E",
          "error_class": "C"}),
    ],
)  # fmt: skip
def test_fields_of_events(name: str, data: Any, values: dict[str, Any]) -> None:
    """The fields are called as Snowplow's public schemas call them."""
    row = outcome(SNOWPLOW, line(unstruct_event=described(VENDOR, name, data)))
    assert {name: row[name] for name in values} == values


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


def test_what_json_does_not_know_is_told_with_its_column() -> None:
    """NaN in an entity that no column keeps rejects nothing, like NaN in an unknown field."""
    names = ("web_page", "x", "geolocation_context")
    lines = [line(event_id=name, contexts=entities((name, {"x": float("nan")}))) for name in names]
    rows = outcomes(SNOWPLOW, lines)
    assert [(row.get("reason"), row.get("detail")) for row in rows] == [
        ("type", f"{PAGE}: NaN and Infinity are not JSON"),
        ("type", "contexts: NaN and Infinity are not JSON"),
        (None, None),
    ]
