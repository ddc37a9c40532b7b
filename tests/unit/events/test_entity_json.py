"""All entities of an event as JSON: what Snowplow's analytics SDKs would make of them, without personal data."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landed import conformer, outcome, outcomes, table
from tracked import VENDOR, entities, line

from contracts.snowplow import CLIENT_SESSION, SNOWPLOW, SnowplowEvent
from contracts.snowplow_fields import EnrichedFields
from contracts.stream import Personal, column
from events.entity_json import PersonalEntities

SAMPLES = Path(__file__).parents[2] / "samples" / "snowplow"
CONTEXTS, DERIVED = 52, 122  # numbers of fields
Entity = tuple[str, str, str, Any]  # vendor, name, version, data


def self_describing(name: str, data: Any) -> dict[str, Any]:
    return {"schema": f"iglu:{VENDOR}/{name}/jsonschema/1-0-0", "data": data}


def written(found: Sequence[Entity], indent: int | None = None) -> str:
    """Contexts as a tracker sends them."""
    data = [{"schema": f"iglu:{vendor}/{name}/jsonschema/{v}", "data": data} for vendor, name, v, data in found]
    return json.dumps(self_describing("contexts", data), indent=indent, ensure_ascii=indent is None)


def event(schema: str, data: Any) -> str:
    """A self-describing event as a tracker sends it."""
    return json.dumps(self_describing("unstruct_event", {"schema": schema, "data": data}))


def sdk_name(vendor: str, name: str, version: str) -> str:
    """`transformSchema` of Snowplow's analytics SDK for Scala, without the prefix."""
    vendor, name = re.sub(r"[.\-]", "_", vendor).lower(), re.sub(r"[.\-]", "_", name)
    snake = re.sub("([^A-Z_])([A-Z])", r"\1_\2", name).lower()
    return f"{vendor}_{snake}_{version.partition('-')[0]}"


def by_sdk(found: Sequence[Entity]) -> dict[str, list[Any]]:
    """`toShreddedJson` of the SDK. Where data are no object the SDK loses them; here they stay as they are."""
    expected: dict[str, list[Any]] = {}
    for vendor, name, version, data in found:
        told = {**data, "_schema_version": version} if isinstance(data, dict) else data
        expected.setdefault(f"contexts_{sdk_name(vendor, name, version)}", []).append(told)
    return expected


KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n"), max_size=4)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)
VERSIONS = st.sampled_from(["1-0-0", "1-0-12", "2-10-0"])
ENTITIES = st.tuples(
    st.sampled_from(["com.acme", "com.AcmeCorp.Ad-Tech"]), st.sampled_from(["click", "AdClick", "ad-click_2"]),
    VERSIONS, OBJECTS | VALUES,
)  # fmt: skip
RECORDS = st.lists(st.tuples(st.lists(ENTITIES, max_size=4), st.lists(ENTITIES, max_size=2)), min_size=1, max_size=20)


@settings(max_examples=30)
@given(RECORDS, st.sampled_from([None, 0]))
def test_contexts_are_what_the_sdk_makes_of_them(
    records: list[tuple[list[Entity], list[Entity]]], indent: int | None
) -> None:
    """Own and derived contexts stand together by column, the tracker's first, each with its version."""
    raws = [
        line(
            event_id=str(number),
            contexts=written(own, indent).replace("\n", " ") if own else "",
            derived_contexts=written(derived, indent).replace("\n", " "),
        )
        for number, (own, derived) in enumerate(records)
    ]
    for row, (own, derived) in zip(outcomes(SNOWPLOW, raws), records, strict=True):
        assert json.loads(row["contexts"] or "{}") == by_sdk([*own, *derived])
        assert not row["contexts"] or not re.search(r'": |, "', re.sub(r'"(?:[^"\\]|\\.)*"', '""', row["contexts"]))


@settings(max_examples=20)
@given(VERSIONS, OBJECTS | VALUES)
def test_an_event_is_what_the_sdk_makes_of_it(version: str, data: Any) -> None:
    """The SDK adds no version to the event; the line has it as event_version."""
    row = outcome(SNOWPLOW, line(unstruct_event=event(f"iglu:com.Acme/AdClick/jsonschema/{version}", data)))
    assert json.loads(row["unstruct_event"]) == {f"unstruct_event_{sdk_name('com.acme', 'AdClick', version)}": data}


def test_real_events_equal_what_snowplow_makes_of_them() -> None:
    """Snowplow's transformer wrote the sample. It is older than `_schema_version`, and kept derived contexts alone."""
    lines = (SAMPLES / "input-events").read_text().splitlines()
    good = [raw.split("\t") for raw in lines if raw.count("\t") == 130]
    by_transformer = map(json.loads, (SAMPLES / "output-widerows").read_text().splitlines())
    expected = {row["event_id"]: row for row in by_transformer}
    personal = PersonalEntities(SNOWPLOW)
    rows = {row["event_id"]: row for row in outcomes(SNOWPLOW, ["\t".join(fields) for fields in good])}
    kept = 0
    for fields in good:
        row, event_id = rows[fields[6]], fields[6]
        of_sdk = {
            name: value
            for name, value in expected[event_id].items()
            if value and name.startswith(("contexts_", "unstruct_")) and name not in personal
        }
        own, derived = (json.loads(fields[n] or "{}").get("data", []) for n in (CONTEXTS, DERIVED))
        twice = {entity["schema"] for entity in own} & {entity["schema"] for entity in derived}
        for schema in twice:
            name = f"contexts_{sdk_name(*re.findall(r'iglu:([^/]+)/([^/]+)/[^/]+/(.+)', schema)[0])}"
            of_sdk[name] = [e["data"] for e in own if e["schema"] == schema] + of_sdk[name]
        found = json.loads(row["contexts"] or "{}") | json.loads(row["unstruct_event"] or "{}")
        for name in found:
            for entity in found[name] if name.startswith("contexts_") else []:
                assert re.fullmatch(r"\d-\d-\d", entity.pop("_schema_version"))
        assert found == of_sdk
        kept += len(found)
    assert kept > 200


def test_a_new_schema_is_drift_and_its_data_is_kept() -> None:
    """Nothing is lost before somebody decides about a schema."""
    raw = line(contexts=entities(("new_thing", {"x": 1})), unstruct_event=event("iglu:a/b/jsonschema/3-0-0", {"y": 2}))
    row = outcome(SNOWPLOW, raw)
    name = "contexts_com_snowplowanalytics_snowplow_new_thing_1"
    assert row["contexts"] == f'{{"{name}":[{{"_schema_version":"1-0-2","x":1}}]}}'
    assert row["unstruct_event"] == '{"unstruct_event_a_b_3":{"y":2}}'
    assert conformer(SNOWPLOW).unknown(table([raw])) == {(name, "array"): 1, ("unstruct_event_a_b_3", "object"): 1}


def test_personal_entities_are_left_out() -> None:
    """Entities that are dropped, or have a personal field, are not kept, whatever the version of their schema."""
    personal = {"phone": column("contexts_com_acme_phone_1.number", personal=Personal.HASH, description="x")}
    model = type("Acme", (SnowplowEvent,), {"__annotations__": {"phone": str}, **personal})
    dropped = {"contexts_com_acme_home_1": Personal.DROP, "unstruct_event_com_acme_move_1.to": Personal.DROP}
    stream = dataclasses.replace(SNOWPLOW, model=model, dropped=dropped)
    found = [("com.acme", name, v, {"number": "5"}) for name in ("phone", "home", "pet") for v in ("1-0-0", "2-0-0")]
    row = outcome(
        stream, line(contexts=written(found), unstruct_event=event("iglu:com.acme/move/jsonschema/1-0-9", {}))
    )
    assert set(json.loads(row["contexts"])) == {"contexts_com_acme_pet_1", "contexts_com_acme_pet_2"}
    assert row["unstruct_event"] is None
    assert row["phone"] not in (None, "5")


def test_the_shop_keeps_no_address() -> None:
    """The number of the checkout's step has a column, but the entity may hold postal addresses."""
    step = ("com.snowplowanalytics.snowplow.ecommerce", "checkout_step", "1-0-0", {"step": 2, "billing_postcode": "1"})
    row = outcome(SNOWPLOW, line(contexts=written([step])))
    assert (row["ecommerce_checkout_step"], row["contexts"]) == (2, None)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, '{"_schema_version":"1-0-2"}'),
        ([], "[]"),
        ([{"a": 1}], '[{"a":1}]'),
        ("{", '"{"'),
        (None, "null"),
        (7, "7"),
        ({"_schema_version": "9"}, '{"_schema_version":"1-0-2","_schema_version":"9"}'),
    ],
)
def test_data_of_any_kind(data: Any, text: str) -> None:
    """Only an object can have a version. Of duplicate keys the first counts, which is the platform's."""
    row = outcome(SNOWPLOW, line(contexts=entities(("x", data))))
    assert row["contexts"] == f'{{"contexts_com_snowplowanalytics_snowplow_x_1":[{text}]}}'


def test_entities_without_data_are_none() -> None:
    """A schema alone says nothing."""
    row = outcome(SNOWPLOW, line(contexts='{"data": [{"schema": "iglu:a/b/jsonschema/1-0-0"}]}'))
    assert (row["contexts"], row["unstruct_event"]) == (None, None)


def test_very_many_and_deep_entities() -> None:
    """Time and memory grow with the size of a record, not with the number of its entities."""
    deep: Any = 1
    for _ in range(59):
        deep = {"a": deep}
    many = [("com.acme", f"x{n % 10_000}", "1-0-0", {"n": n}) for n in range(20_000)]
    found = (written(many), entities(("d", deep)))
    rows = outcomes(SNOWPLOW, [line(event_id=str(len(contexts)), contexts=contexts) for contexts in found])
    assert json.loads(rows[0]["contexts"]) == by_sdk(many)
    assert rows[1]["contexts"].count("{") == 60


def test_the_option_is_two_columns() -> None:
    """They may have any names, and a contract may have one of them or none."""
    ids = {
        name: column(f"{CLIENT_SESSION}.id", description="x")
        for name in ("client_session_user_id", "client_session_id")
    }
    taken = {**ids, "entities": column("contexts", json=True, description="x")}
    raw = line(contexts=entities(("x", {})), unstruct_event=event("iglu:a/b/jsonschema/3-0-0", {"y": 2}))
    rows = []
    for columns in (ids, taken):
        model = type("Mine", (EnrichedFields,), {"__annotations__": dict.fromkeys(columns, str), **columns})
        rows.append(outcome(dataclasses.replace(SNOWPLOW, model=model), raw))
    assert "_schema_version" not in str(rows[0])
    assert [name for name, value in rows[1].items() if value != rows[0].get(name)] == ["entities"]
