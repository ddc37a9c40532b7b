"""The version that a changed contract needs: silver names it for each row, so it must identify one contract."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl
import pytest

from contracts import STREAMS
from contracts.amounts import MOST_MONEY
from contracts.commerce import COMMERCE
from contracts.items import ITEM
from contracts.shape import shape
from contracts.stream import (
    Clock,
    Csv,
    Envelope,
    JsonConcatenated,
    JsonLines,
    KafkaRecord,
    Money,
    Personal,
    Stream,
    column,
)
from contracts.versions import Version, Weight, differences, version_error, weight

Shape = dict[str, Any]
SHOP = dataclasses.replace(COMMERCE, version="1.0.0")  # independent of the contract's real version


def columns_of(model: type[pa.DataFrameModel]) -> Shape:
    """The shapes of a model's columns."""
    columns: Shape = shape(dataclasses.replace(SHOP, model=model, key=()))["columns"]
    return columns


def changed(**columns: Any) -> Shape:
    """The commerce shape with some columns defined differently, given as (annotation, column)."""
    annotations = {name: annotation for name, (annotation, _) in columns.items()}
    fields = {name: field for name, (_, field) in columns.items()}
    told = columns_of(type("Changed", (Envelope,), {"__annotations__": annotations, **fields}))
    return edited(lambda other: other["columns"].update({name: told[name] for name in columns}))


def edited(edit: Callable[[Shape], object]) -> Shape:
    """The commerce shape after an edit."""
    other = copy.deepcopy(shape(SHOP))
    edit(other)
    return other


def weight_of(after: Stream | Shape, before: Stream | Shape = SHOP) -> Weight:
    shapes = [side if isinstance(side, dict) else shape(side) for side in (before, after)]
    return max(weight(difference) for difference in differences(*shapes))


def total(*, le: int | None = MOST_MONEY, **rules: Any) -> Any:
    return column("order.total_amount", description="Gross total: items, tax and shipping", le=le, **rules)


CHANGES: list[tuple[str, Weight, Stream | Shape]] = [
    ("an optional column more", Weight.MINOR, changed(coupon=(str, column("coupon")))),
    ("a required column more", Weight.MAJOR, changed(coupon=(str, column("coupon", nullable=False)))),
    ("a column less", Weight.MAJOR, edited(lambda s: s["columns"].pop("country"))),
    ("another type", Weight.MAJOR, changed(country=(int, column("customer.country")))),
    ("more digits", Weight.MINOR, changed(order_total=(Annotated[pl.Decimal, 26, 6], total(ge=0)))),
    ("fewer digits", Weight.MAJOR, changed(order_total=(Annotated[pl.Decimal, 22, 6], total(ge=0)))),
    ("other decimals", Weight.MAJOR, changed(order_total=(Annotated[pl.Decimal, 26, 8], total(ge=0)))),
    ("required from now on", Weight.MAJOR, changed(country=(str, column("customer.country", nullable=False)))),
    ("no longer required", Weight.MINOR, edited(lambda s: s["columns"]["event_name"].pop("required"))),
    ("another path", Weight.MAJOR, changed(country=(str, column("country")))),
    ("an alternative path", Weight.MINOR, changed(country=(str, column(("customer.country", "country"))))),
    ("a path less", Weight.MAJOR, edited(lambda s: s["columns"]["country"].pop("paths"))),
    ("personal from now on", Weight.MAJOR, changed(country=(str, column("customer.country", personal=Personal.HASH)))),
    ("no longer personal", Weight.MAJOR, changed(customer_email=(str, column("customer.email")))),
    ("JSON from now on", Weight.MAJOR, changed(country=(str, column("customer.country", json=True)))),
    ("a rule more", Weight.MAJOR, changed(order_total=(Money, total(ge=0, lt=10**6)))),
    ("a rule less", Weight.MINOR, changed(order_total=(Money, total()))),
    ("a rule for another value", Weight.MINOR, changed(order_total=(Money, total(ge=1)))),
    ("more in a list", Weight.MINOR, edited(lambda s: s["columns"]["items"]["type"]["list"].update(gift="Boolean"))),
    ("less in a list", Weight.MAJOR, edited(lambda s: s["columns"]["items"]["type"]["list"].pop("quantity"))),
    ("another path in a list", Weight.MAJOR, edited(lambda s: s["columns"]["items"]["each"].update(quantity="n"))),
    ("another description", Weight.PATCH, edited(lambda s: s["columns"]["country"].update(description="Where"))),
    ("another owner", Weight.PATCH, dataclasses.replace(SHOP, owner="team:other")),
    ("another format as well", Weight.MINOR, dataclasses.replace(SHOP, decoding=(JsonConcatenated(), JsonLines()))),
    ("another format", Weight.MAJOR, dataclasses.replace(SHOP, decoding=(JsonConcatenated(),))),
    ("a wrapper as well", Weight.MINOR, dataclasses.replace(SHOP, wrapper=KafkaRecord())),
    ("another key", Weight.MAJOR, dataclasses.replace(SHOP, key=("event_id", "event_name"))),
    ("another content", Weight.MAJOR, dataclasses.replace(SHOP, fingerprint="digest")),
    ("less in the content", Weight.MAJOR, dataclasses.replace(SHOP, volatile=("sent_at",))),
    ("another null", Weight.MAJOR, dataclasses.replace(SHOP, nulls=("none",))),
    ("another clock", Weight.MAJOR, dataclasses.replace(SHOP, clock=Clock(SHOP.clock.ahead / 2))),
    ("another folder", Weight.MAJOR, dataclasses.replace(SHOP, prefix="raw-events")),
    ("a field ignored", Weight.MINOR, dataclasses.replace(SHOP, ignored=("trace",))),
    ("a field no longer dropped", Weight.MINOR, dataclasses.replace(SHOP, dropped={})),
]  # fmt: skip


@pytest.mark.parametrize(("after", "expected"), [pytest.param(after, w, id=name) for name, w, after in CHANGES])
def test_every_change_has_its_weight(after: Stream | Shape, expected: Weight) -> None:
    """Major if a producer or reader may have to act, minor if something is added, patch if only words change."""
    assert weight_of(after) == expected


def with_rule(text: str, least: int) -> Shape:
    """The shape of a list column with a rule that a function computes."""

    class Listed(Envelope):
        items: Annotated[pl.List, ITEM] = column("items", each={name: name for name in ITEM.to_schema()})

        @pa.check("items", name=text)
        def quantities(cls, data: pa.PolarsData) -> pl.LazyFrame:
            quantity = pl.element().struct.field("quantity")
            return data.lazyframe.select(pl.col(data.key).list.eval(quantity >= least).list.all())

    return edited(lambda other: other.update(columns=columns_of(Listed)))


def test_a_rule_is_what_it_computes() -> None:
    """A rule's name is for people; what it rejects counts, also if a function computes it."""
    before = with_rule("quantity is at least 1", 1)
    assert weight_of(with_rule("at least one piece", 1), before) == Weight.PATCH
    assert weight_of(with_rule("quantity is at least 1", 2), before) == Weight.MINOR
    assert weight_of(with_rule("at least two pieces", 2), before) == Weight.MAJOR


def test_a_column_computed_otherwise_means_something_else() -> None:
    """All values of a list are part of the rule, however many."""
    first, second = (changed(x=(str, column(compute=pl.col("country").replace(m)))) for m in (LONG, LONG | {"z": "?"}))
    assert weight_of(second, first) == Weight.MAJOR


LONG = {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}


def test_a_change_without_a_new_version_is_refused() -> None:
    """The message says what has changed and what to do."""
    after = changed(coupon=(str, column("coupon")))
    message = version_error(shape(SHOP), after)
    assert message == "contract 'commerce' has version 1.0.0 but needs at least 1.1.0: columns.coupon added (minor)"


@pytest.mark.parametrize(("version", "fits"), [("1.0.1", False), ("1.1.0", True), ("1.1.3", True), ("2.0.0", True)])
def test_a_version_may_rise_more_than_it_has_to(version: str, fits: bool) -> None:
    """Only the author can tell whether a rule was narrowed."""
    after = changed(coupon=(str, column("coupon"))) | {"version": version}
    assert (version_error(shape(SHOP), after) is None) == fits


def test_a_version_never_falls() -> None:
    """Silver may hold rows of the higher version."""
    assert version_error(shape(SHOP), shape(SHOP)) is None
    assert version_error(shape(SHOP), shape(dataclasses.replace(SHOP, version="1.0.1"))) is None
    assert version_error(shape(SHOP), shape(dataclasses.replace(SHOP, version="0.9.9"))) is not None


@pytest.mark.parametrize("text", ["1", "1.0", "1.0.0.1", "v1.0.0", "01.0.0", "1.0.0-rc1", "1.0.0\n", "\u0661.0.0", ""])
def test_other_versions_are_refused(text: str) -> None:
    """Two ways to write one version would count as two versions."""
    with pytest.raises(ValueError, match="is no semantic version"):
        Version.of(text)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_contract_has_a_semantic_version(stream: Stream) -> None:
    """The stored shape is needed to compare the next one."""
    assert str(Version.of(stream.version)) == stream.version


def test_versions_are_ordered_as_numbers() -> None:
    """1.10 comes after 1.9."""
    assert Version.of("1.10.0") > Version.of("1.9.9")
    assert [str(Version(1, 2, 3).raised(weight)) for weight in Weight] == ["1.2.4", "1.3.0", "2.0.0"]


def test_a_shape_holds_all_of_a_contract() -> None:
    """A part that the shape left out could change unseen; new fields of a contract are included by themselves."""
    told = shape(dataclasses.replace(SHOP, decoding=(Csv(("a", "b")),)))
    names = {field.name for field in dataclasses.fields(Stream)} - {"model"}
    assert set(told) == names | {"columns", "rules"}
    assert told["decoding"] == [
        {"Csv": {"columns": ["a", "b"], "delimiter": ",", "encoding": "utf-8", "ignore_case": False}}
    ]
    assert list(told["columns"]) == list(SHOP.types)
    assert told["columns"]["order_total"] == {
        "type": "Decimal(precision=24, scale=6)",
        "paths": ["order.total_amount"],
        "rules": {
            "greater_than_or_equal_to": f"greater_than_or_equal_to({-MOST_MONEY})",
            "less_than_or_equal_to": f"less_than_or_equal_to({MOST_MONEY})",
        },
        "description": "Gross total: items, tax and shipping; of a refund, the amount refunded",
    }
