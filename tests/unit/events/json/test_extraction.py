"""The compiled extraction against a slow reader that shares nothing with it but the rules for odd JSON."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import itertools
import json
import re
from fractions import Fraction
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from times import instant

from contracts.commerce import COMMERCE

REASONS = ("malformed", "type", "missing", "rule", "clock")
TEXTS = ("event_id", "event_type", "customer.customer_id", "customer.email", "order.order_id", "order.currency")
TEXTS += ("session_id", "session.device", "session.channel", "customer.country", "order.status")
TEXTS += ("order.refunded_order_id",)
MONEY = ("order.total_amount", "order.tax", "order.shipping", "order.refund_amount")
ITEM = {"product.id": str, "product.name": str, "product.category": str, "product.price": "money", "quantity": int}


class Number(str):
    """The text of a JSON number."""


class WrongError(Exception):
    """A value is rejected; the argument is the reason."""


def encodable(text: str) -> str:
    """The text with U+FFFD for lone surrogates."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def pairs_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(encodable(key), encodable(value) if type(value) is str else value)
    return found


def document(raw: bytes) -> dict[str, Any]:
    try:
        node = json.loads(
            raw.decode(), parse_int=Number, parse_float=Number, parse_constant=Number, object_pairs_hook=pairs_of
        )
    except (ValueError, RecursionError) as error:
        raise WrongError("malformed") from error
    if not isinstance(node, dict) or depth(node) > 64:
        raise WrongError("malformed")
    return node


def depth(node: Any) -> int:
    inner = node.values() if isinstance(node, dict) else node
    return 1 + max(map(depth, inner), default=0) if isinstance(node, dict | list) else 0


def at(node: Any, path: str) -> Any:
    """The value at a dotted path; a parent must be an object, or missing."""
    for part in path.split("."):
        if node is not None and not isinstance(node, dict):
            raise WrongError("type")
        node = node.get(part) if node else None
    return node


def fraction(value: Any) -> Fraction:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", value):
        raise WrongError("type")
    return Fraction(value)


def taken(value: Any, kind: Any) -> Any:
    if value is None:
        return None
    if kind is str:
        if not isinstance(value, str) or (isinstance(value, Number) and value[-1:] in ("N", "y")):
            raise WrongError("type")
        return str(value) if value.strip() else None
    if kind is dt.datetime:
        return None if isinstance(value, str) and not value.strip() else stamp(value)
    number = fraction(value)
    if kind is int and (number.denominator != 1 or not -(2**63) <= number < 2**63):
        raise WrongError("type")
    if kind == "money" and abs(round(number, 6)) >= 10**18:
        raise WrongError("type")
    return number


def stamp(value: Any) -> dt.datetime:
    if not isinstance(value, str) or isinstance(value, Number):
        raise WrongError("type")
    try:
        return instant(value)
    except ValueError as error:
        raise WrongError("type") from error


def collect(record: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Typed values by path, and the reasons for rejection."""
    values: dict[str, Any] = {"amounts_rounded": False}
    problems: set[str] = set()

    def take(path: str, node: Any, kind: Any, into: dict[str, Any]) -> None:
        try:
            sent = taken(at(node, path), kind)
            into[path] = round(sent, 6) if kind == "money" and sent is not None else sent
            values["amounts_rounded"] |= into[path] != sent
        except WrongError as wrong:
            problems.add(str(wrong))

    for path in TEXTS:
        take(path, record, str, values)
    for path in MONEY:
        take(path, record, "money", values)
    take("event_timestamp", record, dt.datetime, values)
    items = at(record, "order.items") if not problems or isinstance(at(record, "order"), dict) else None
    values["items"] = None if items is None else []
    if isinstance(items, list):
        for element in items:
            values["items"].append({})
            for path, kind in ITEM.items():
                take(path, element, kind, values["items"][-1])
    if items is not None and (not isinstance(items, list) or not all(isinstance(e, dict) for e in items)):
        problems.add("type")
    return values, problems


def judged(values: dict[str, Any], hour: dt.datetime) -> set[str]:
    found = set()
    if not values["event_id"] or not values["event_type"] or values["event_timestamp"] is None:
        found.add("missing")
    if (at_ := values["event_timestamp"]) and not dt.datetime(1990, 1, 1, tzinfo=dt.UTC) <= at_ <= hour + dt.timedelta(
        hours=2
    ):
        found.add("clock")
    items = values["items"] or []
    order = (values["event_type"] or "").startswith("order_")
    rules = [
        values["order.currency"] is None or re.fullmatch("[A-Z]{3}", values["order.currency"]),
        all(values[path] is None or abs(values[path]) <= 10**12 for path in MONEY),
        all(item["quantity"] is None or 1 <= abs(item["quantity"]) <= 10**6 for item in items),
        all(item["product.price"] is None or 0 <= item["product.price"] <= 10**12 for item in items),
        not order
        or None not in (values["order.order_id"], values["order.currency"], values["order.total_amount"])
        or (refunds(values) and (values["order.order_id"] or values["order.refunded_order_id"])),
        refunds(values) or all((values[path] or 0) >= 0 for path in MONEY if path != "order.refund_amount"),
    ]
    return found if all(rules) else {*found, "rule"}


def refunds(values: dict[str, Any]) -> bool:
    words = f"{values['event_type'] or ''} {values['order.status'] or ''}".lower()
    named = values["order.refunded_order_id"] is not None or values["order.refund_amount"] is not None
    negative = any((item["quantity"] or 0) < 0 for item in values["items"] or [])
    return named or negative or any(word in words for word in ("refund", "return", "credit"))


def expected(raw: bytes, hour: dt.datetime) -> dict[str, Any] | str:
    try:
        values, problems = collect(document(raw))
    except WrongError as wrong:
        return str(wrong)
    problems = problems or judged(values, hour)
    if problems:
        return min(problems, key=REASONS.index)
    if values["customer.email"] is not None:
        secret = hmac.digest(b"key", b"shop", "sha256")
        values["customer.email"] = hmac.new(secret, values["customer.email"].encode(), hashlib.sha256).hexdigest()
    return values


def found(row: dict[str, Any]) -> dict[str, Any]:
    """A row of silver by path, with numbers as fractions."""
    paths = {name: COMMERCE.source_of(name) for name in COMMERCE.types}
    values = {source["paths"][0]: row[name] for name, source in paths.items() if source["paths"]}
    each = paths["items"]["each"]
    items = values.pop("order.items")
    values["items"] = None if items is None else [{each[k]: number(v) for k, v in item.items()} for item in items]
    return {path: number(value) for path, value in values.items()} | {"amounts_rounded": row["amounts_rounded"]}


def number(value: Any) -> Any:
    return value if value is None or isinstance(value, str | list | dt.datetime) else Fraction(value)


HOSTILES = r"""
    NaN -Infinity Infinity nan inf -INF null true false {} [] "" [null] [1,] 1, 01 +1 .5 -1 0 3 -0 -0.0 1.50 12.34
    9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551616
    123456789012345678901234567890 1234567890123456.78 12345678901234567.8 99999999999999999.99 1.10000000000000000001
    0.30000000000000004 12.345 12.500 1e2 0.1e1 1E400 1e-2 1e-3 5E-1 1234567890123456e-2 100000000000000000e-1
    "12.34" "12.345" "1e2" "007" "\u00205" "5\u0020" "9223372036854775808" "NaN" "\u0661" "x" "\u0000" "\ud800" "\t"
    "1.00000000000000000000000000000000001" {"id":1} [{"quantity":1}] "\u00e4\ud83d\ude00" "\/" "EUR" "order_completed"
    "2024-05-01T09:00:00Z" "\n\u000b\u001f" "\u00a0\u2003" "\u200b"
"""
STAMPED = """2024-05-01T10:00:00Z 2024-05-01_10:00:00 2024-05-01T10:00 2024-05-01 2024-05-01T10:00:00.1234569+02:00
    2024-05-01T10:00:00,5Z 2024-05-01T10:00:60Z 2024-02-30 2024-05-01T10:00:00z 2024-05-01T10 20240501 now epoch
    2024-05-01T10:00:00-0330 2024-05-01T10:00:00+14 2024-05-01T10:00:00+15:00 2024-05-01T10:00:00+01:60 1989-12-31
    0000-01-01 0001-01-01T00:00:00+01:00 9999-12-31T23:59:59-05:00 1990-01-01T00:00:00 1969-12-31T23:59:59.9999999Z
    2024-05-01T12:00:00Z 2024-05-01T12:00:00.000001Z
"""
HOSTILE = st.sampled_from([*re.findall(r"\S+", HOSTILES), '"a\tb"', "[1 , ]", '" "', '" x"', '"\u2028"'])
STAMPS = st.sampled_from(STAMPED.split()).map(lambda text: json.dumps(text.replace("_", " ")))
KEYS = st.sampled_from(["", "é", "x", "event_id", "Event_ID", "order", "customer"])


def members(fields: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """A JSON object: each field by its strategy, or odd, missing or twice; perhaps with an unknown field."""

    def one(key: str, value: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
        member = value.map(lambda text: f'"{key}": {text}')
        wrong = HOSTILE.map(lambda text: f'"{key}":{text}')
        twice = st.tuples(st.one_of(member, wrong), st.one_of(member, wrong)).map(list)
        few = [member.map(lambda text: [text])] * 12
        return st.one_of(*few, wrong.map(lambda text: [text]), st.just([]), twice)

    stray = st.lists(st.tuples(KEYS, HOSTILE).map(lambda kv: f"{json.dumps(kv[0])} : {kv[1]}"), max_size=1)
    parts = [one(key, value) for key, value in fields.items()]
    joined = st.tuples(*parts, st.one_of(st.just([]), st.just([]), stray)).map(lambda found: [*itertools.chain(*found)])
    return joined.map(lambda found: "{" + ", ".join(found) + "}")


def quoted(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts).map(json.dumps)


AMOUNT = st.one_of(st.decimals(0, 10**6, places=2).map(str), st.floats(0, 10**6).map(repr), quoted("12.34", "5"))
PRODUCT = members({"id": quoted("p1", "p2"), "name": quoted("A"), "price": AMOUNT})
ITEMS = st.lists(
    members({"product": PRODUCT, "quantity": st.sampled_from([1, 1, 1, 2, 5, 0, -1]).map(str)}), max_size=3
)
ORDER = members(
    {
        "order_id": quoted("o1"),
        "currency": quoted("EUR", "USD"),
        "status": quoted("placed", "placed", "Refunded"),
        "total_amount": st.one_of(AMOUNT, AMOUNT, st.just("-1.5")),
        "tax": AMOUNT,
        "refunded_order_id": quoted("", "", "o2"),
        "refund_amount": st.one_of(st.just("null"), st.just("null"), AMOUNT),
        "items": ITEMS.map(lambda items: f"[{','.join(items)}]"),
    }
)
RECORD = members(
    {
        "event_id": st.one_of(quoted("e1", "e2"), st.integers().map(str)),
        "event_timestamp": st.one_of(quoted("2024-05-01T10:00:00Z"), STAMPS),
        "event_type": quoted("page_view", "order_completed"),
        "customer": members({"customer_id": quoted("c1"), "email": quoted("a@b.example", "c@d.example")}),
        "order": ORDER,
    }
).map(str.encode)
NEST = b'{"event_id":"e","event_type":"v","event_timestamp":"2024-05-01","x":%s}'
BROKEN = st.sampled_from(
    [
        *b'{ null [] "x" {} {}} {"a"}'.split(),
        *[b"", b"\xef\xbb\xbf{}", b'{"a": "\xff"}', b"\x00", b"{'a': 1}"],
        *[NEST % b"1" + b" x", NEST % b"1" + b"\x00", b" \t" + NEST % b"1" + b"\r", NEST % b"1,", NEST % b"[1 , ]"],
        *[NEST % (b"[" * 63 + b"]" * 63), NEST % (b"[" * 64 + b"]" * 64), b"[" * 100_000, b'{"a":' * 100_000],
        *[NEST % (b'"' + b"[{" * 99 + b'"'), NEST % (b'"\\"' + b"[{" * 99 + b'"'), b"{" * 99 + b'"' + b'\\"' * 20_000],
        NEST % (b"[" * 100_000 + b"]" * 100_000),
    ]
)


@settings(max_examples=100)
@given(st.lists(st.one_of(RECORD, RECORD, RECORD, BROKEN, st.binary(max_size=30)), min_size=1, max_size=20))
@example([b'{"event_id":"e","event_type":"v","event_timestamp":"2024-05-01","session_id":1.50,"x":nan}'])
def test_every_record_gets_what_the_rule_says(conform: Any, hour: dt.datetime, raws: list[bytes]) -> None:
    """Accepted values are exactly those sent, and rejections have the reason that the rules give."""
    result = conform(raws)
    accepted = {row["_line"]: found(row) for row in result.accepted.iter_rows(named=True)}
    refused = {row["_line"]: row["reason"] for row in result.refused.iter_rows(named=True)}
    assert accepted | refused == {line: expected(raw, hour) for line, raw in enumerate(raws, 1)}
    assert len(accepted) + len(refused) == len(result.accepted) + len(result.refused) == len(raws)


@settings(max_examples=20)
@given(st.lists(st.one_of(RECORD, BROKEN), min_size=2, max_size=8), st.data())
def test_the_company_of_a_record_makes_no_difference(conform: Any, raws: list[bytes], data: st.DataObject) -> None:
    """Where batches are cut is chance, so neighbours must not change a record's verdict."""

    def rows(numbered: list[tuple[int, bytes]]) -> dict[int, tuple[Any, ...]]:
        result = conform([raw for _, raw in numbered], lines=[line for line, _ in numbered])
        return {
            row["_line"]: tuple(row.items())
            for f in (result.accepted, result.refused)
            for row in f.iter_rows(named=True)
        }

    numbered = list(enumerate(raws, 1))
    alone = {line: row for one in numbered for line, row in rows([one]).items()}
    assert rows(data.draw(st.permutations(numbered))) == alone
