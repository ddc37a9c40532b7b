"""Objects in texts, compared with Python's own parsers. Machine code may leave a text to them, but must not differ."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from landed import conformer, outcome, table

from contracts.web import WEB
from events.byte_spans import ByteSpans
from events.compiled import read_only
from events.json import embedded_json
from events.json.embedded_json import MAX_EMBEDDED, EmbeddedJson
from events.json.outline import nests_deeper

PIECES = [
    "{", "}", "[", "]", "(", ")", ",", ":", " ", "\n", "\r", "\t", "\f", "\\", "\\\n", "#", "#}\n", "x", "not", "-",
    "é", "'a'", "'b'", '"a"', "''", '""', "'''", '"""', "r'", "b'", "f'", "u'", "Rb'", '"\'"', "'\"'", "'\\''",
    "'\\/'", '"\\/"', "'\\x41'", "'\\x4'", "'\\xg0'", "'\\101'", "'\\u0041'", "'\\ud83d\\ude00'", "'\\ud800'",
    "'\\U00000041'", "'\\a'", "'\\N{BULLET}'", "None", "True", "False", "null", "true", "false", "NaN", "Infinity",
    "-Infinity", "nan", "set()", "...", "0", "00", "-0", "-0.0", "+1", "--1", "- 1", "1_000", "0x1F", "0o17", "0b1",
    "1j", "1+2j", "1.", ".5", "1.50", "0.0001", "0.00001", "1e5", "1E400", "-1e400", "1e16", "123456789012345",
    "123456789012345678", "0.1234567890123456789", "9" * 5000, "\x00", "\x85", "\u3000",
]  # fmt: skip
ODD = ["\ud800", *"'\"\\\n\t\x00\x1f\x7f\x85\xa0é\u2028\ufeff😀{["]
TEXT = st.text(st.one_of(st.characters(), st.sampled_from(ODD)), max_size=8)
NAMES = st.one_of(st.sampled_from(["a", "b", "text"]), TEXT)
CENTS = st.integers(-(10**6), 10**6).map(lambda cents: cents / 100)
NUMBERS = st.one_of(st.integers(), st.integers(-(10**40), 10**40), st.floats(), st.floats(-0.01, 0.01), CENTS)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT)


def trees(leaves: st.SearchStrategy, names: st.SearchStrategy) -> st.SearchStrategy:
    def grown(inner: st.SearchStrategy) -> st.SearchStrategy:
        return st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4))

    return st.recursive(leaves, grown, max_leaves=8)


def dicts(leaves: st.SearchStrategy, names: st.SearchStrategy = NAMES) -> st.SearchStrategy[dict[Any, Any]]:
    return st.dictionaries(names, trees(leaves, names), max_size=4)


def spoilt(text: str, place: int, piece: str, gone: int) -> str:
    place %= len(text) + 1
    return text[:place] + piece + text[place + gone :]


FEW = st.sets(st.integers(0, 9), max_size=1)
STRANGE = st.one_of(
    SCALARS, st.binary(max_size=4), st.complex_numbers(), st.just(...), FEW, st.tuples(SCALARS, SCALARS)
)
ANY_KEYS = st.one_of(NAMES, st.integers(), st.booleans(), st.none(), st.tuples(NAMES))
KEYS = st.sampled_from(["'a'", "'b'", '"a"', "'\\x61'", "1"])
MEMBERS = st.lists(st.builds("{}: {!r}".format, KEYS, SCALARS), max_size=4).map(lambda m: "{" + ", ".join(m) + "}")
JOINED = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
WHOLE = st.one_of(
    dicts(SCALARS).map(repr),
    dicts(SCALARS).map(json.dumps),
    dicts(SCALARS).map(lambda value: json.dumps(value, ensure_ascii=False, indent=1)),
    dicts(STRANGE, ANY_KEYS).map(repr),
    MEMBERS,
    MEMBERS.map(lambda text: text.replace("'", '"')),
    JOINED,
    JOINED.map("{{'a': {}}}".format),
    st.text(st.sampled_from(" \t\n\r\f\v\x1c\x85\xa0\u3000")),
    TEXT,
)
LITERALS = st.one_of(
    WHOLE,
    st.builds(spoilt, WHOLE, st.integers(0), st.sampled_from(["", *PIECES]), st.integers(0, 3)),
    st.builds(lambda text, place: text[: place % (len(text) + 1)], WHOLE, st.integers(0)),
).filter(lambda text: not any("\ud800" <= char < "\ue000" for char in text))


def read(raws: Sequence[str], *paths: str) -> list[str]:
    """The documents with objects in place of the texts at some paths."""
    pieces = [raw.encode() for raw in raws]
    ends = np.cumsum([len(piece) for piece in pieces]).astype(np.uint32)
    starts = (ends - [len(piece) for piece in pieces]).astype(np.uint32)
    data = read_only(np.frombuffer(b"".join(pieces) + b" " * 16, np.uint8))
    found = EmbeddedJson(paths).expand(ByteSpans(data, starts, ends, np.ones(len(pieces), np.bool_)))
    return [found.at(row).decode() for row in range(len(raws))]


def number(text: str) -> tuple[str, str]:
    return ("a number", text)


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def said(raw: str) -> Any:
    """A JSON text as Python values, with numbers as texts; the first of duplicate keys wins."""
    return json.loads(raw, parse_int=number, parse_float=number, parse_constant=number, object_pairs_hook=first_wins)


def evaluated(node: ast.expr) -> Any:
    """A literal's value; of keys that are equal in JSON the first one wins."""
    if isinstance(node, ast.Dict):
        keys = [next(iter(json.loads(json.dumps({ast.literal_eval(key): 0})))) for key in node.keys if key]
        return first_wins(list(zip(keys, map(evaluated, node.values), strict=True)))
    if isinstance(node, ast.List | ast.Tuple):
        return [evaluated(element) for element in node.elts]
    return json.loads(json.dumps(ast.literal_eval(node), default=str))


def meant(text: str) -> Any:
    """The object in a text, or the text itself if it is none."""
    if not text.strip():
        return None
    if len(text) > MAX_EMBEDDED or nests_deeper(text, 64):
        return text
    try:
        if isinstance(said(text), dict):
            return said(text)
    except ValueError:
        pass
    try:
        ast.literal_eval(text)
        found = evaluated(ast.parse(text.lstrip(" \t"), mode="eval").body)
        return said(json.dumps(found)) if isinstance(found, dict) else text
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


@given(st.lists(LITERALS, min_size=1, max_size=8))
@example(["{'a': 'x'}", "{'a': 1, 'a': 2}", "{'a': 1, \"a\": 2}", "{'\\x61': 1, 'a': 2}", '{"a": 1, "a": 2}'])
@example(["", " ", "{}", "{'a'}", "{'a': ''''}", "{'a': '''x'''}", "{'a': 'b' 'c'}", "{'a': 1,}", "{'a': [1,]}"])
@example(["{'a': {'a': 1}, 'b': {'a': 2}}", "{'a': [[], {}, [{}]]}", "{'a': [1 2]}", "{'a' 1}", "{'a': 1 'b': 2}"])
@example(["{'a': 1} ", " {'a': 1}", "\n{'a': 1}", "{'a': 1}\n", "{'a': 1} x", "{'a': 1}}", "{\r'a'\n:\t1\r\n}"])
@example([f"{{'a': {text}}}" for text in ("'" + "{" * 70 + "'", "[" * 63 + "]" * 63, "[" * 64 + "]" * 64)])
@example([str({str(key): key for key in range(count)}) for count in (64, 65, 200)])
@example(["{'a': {'b': 1, 'b': (2,)}, 'a': 3, '\\x61': 0x4}", "{1: 'a', True: 'b', '1': 'c', 1.0: 'd', None: {}}"])
@example([json.dumps({"a": "x" * (MAX_EMBEDDED - 10 + more)}) for more in (0, 1)])
@example([str({"a": letter * (MAX_EMBEDDED - 9 + more)}) for more in (0, 1, 2) for letter in "xé"])
@example([f"{{'a': {text}}}" for text in PIECES])
@example([f"{{'a': {value!r}}}" for value in (1e22, 1e-5, 123456.789012345, -0.0, 0.001, 1e15, 1e16, 2.5e-4)])
def test_a_text_is_read_as_python_reads_it(texts: list[str]) -> None:
    """Other documents, and other values of the document, stay as they are."""
    raws = [json.dumps({"n": 1, "text": text, "more": [1.5]}) for text in texts]
    raws[1:1] = others = ['{"n": 1.50}', "no JSON", '{"text": 1e400}', "", '{"text": ""', '{"text": {"text": ""}}']
    found = read(raws, "text")
    assert found[1 : 1 + len(others)] == others
    del found[1 : 1 + len(others)]
    assert list(map(said, found)) == [{"n": number("1"), "text": meant(t), "more": [number("1.5")]} for t in texts]


LETTERS = st.text(st.one_of(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), st.sampled_from(ODD[1:])))
EVERYDAY = st.one_of(st.none(), st.booleans(), st.integers(-(10**14), 10**14), CENTS, LETTERS)
OBJECTS = dicts(EVERYDAY, st.sampled_from(["a", "L'Aquila", "device", "geo_location"]))
Writer = Callable[[Any], str]
WRITERS = st.sampled_from([repr, json.dumps])


@given(OBJECTS, WRITERS)
@example({"city": "L'Aquila", "country": "IT", "lat": 42.35, "accuracy": None}, repr)
def test_plain_values_need_no_parser(value: dict[str, Any], written: Writer) -> None:
    """Python's parser takes longer for one record than all else for a hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded_json, "object_in", pytest.fail)
        found = read(['{"text": ""}', json.dumps({"text": written(value)})], "text")
    assert list(map(said, found)) == [{"text": None}, {"text": said(json.dumps(value))}]


@given(OBJECTS, WRITERS, WRITERS, WRITERS)
def test_an_object_in_a_text_may_have_texts_of_its_own(
    value: dict[str, Any], outer: Writer, inner: Writer, other: Writer
) -> None:
    """All of them are read, in any number and order."""
    meant = {"first": value, "outer": {"inner": {"most": value}, "empty": None, "text": "text"}}
    most = {"inner": inner({"most": other(value)}), "empty": "", "text": "text"}
    sent = [{"outer": outer(most), "first": other(value)}, {"first": other(value), "outer": most}, meant]
    sent += [{"outer": {"inner": {"most": other(value)}, "empty": None, "text": "text"}, "first": value}]
    paths = ("first", "outer", "outer.inner", "outer.inner.most", "outer.empty", "outer.text")
    assert list(map(said, read(list(map(json.dumps, sent)), *paths))) == [said(json.dumps(meant))] * 4


PAIRS = st.recursive(
    EVERYDAY,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(st.tuples(st.sampled_from("ab"), inner), max_size=4).map(tuple),
    ),
    max_leaves=8,
)


def written(pairs: Any, scalar: Writer) -> str:
    """The text of an object with these pairs, in which a key may be repeated."""
    if isinstance(pairs, tuple):
        return "{" + ", ".join(f"{scalar(key)}: {written(value, scalar)}" for key, value in pairs) + "}"
    if isinstance(pairs, list):
        return "[" + ", ".join(written(value, scalar) for value in pairs) + "]"
    return scalar(pairs)


@given(st.lists(st.tuples(st.sampled_from("ab"), PAIRS), max_size=4).map(tuple), st.sampled_from(["0x1", "1"]))
@example((("a", 1), ("a", 2)), "0x1")
def test_the_first_of_equal_keys_wins_however_an_object_is_written(pairs: Any, last: str) -> None:
    """In JSON, in Python's repr, and in Python that only its own parser can read."""
    texts = [f"{written(pairs, writer)[:-1]}{', ' * bool(pairs)}{json.dumps('z')}: {end}}}"
             for writer, end in ((json.dumps, "1"), (repr, "1"), (repr, last))]  # fmt: skip
    assert (
        list(map(said, read([json.dumps({"text": text}) for text in texts], "text"))) == [{"text": said(texts[0])}] * 3
    )


def test_a_set_has_the_order_in_which_it_is_written() -> None:
    """A set's order differs between processes, and would give a record another content in each."""
    text = "{'a': {'x', 'y', 'z', 'w', 'v'}}"
    assert said(*read([json.dumps({"text": text})], "text")) == {"text": {"a": "{'x', 'y', 'z', 'w', 'v'}"}}


RECORD = {"user_id": "u", "event_type": "post", "occurred_at": "2026-01-01T10:00:00Z", "weight": 1, "price": 1.5}
MEMBER = st.builds('"{}": {}'.format, st.sampled_from(["a", "device"]), EVERYDAY.map(json.dumps))
TWICE = st.lists(MEMBER, max_size=4).map(lambda members: "{" + ", ".join(members) + "}")


def under(path: str, value: str) -> str:
    """A record with a value, given as JSON, at a path."""
    for name in reversed(path.split(".")):
        value = f'{{"{name}": {value}}}'
    return json.dumps(RECORD)[:-1] + ", " + value[1:]


def judged(raw: str) -> tuple[Any, ...]:
    """A record's columns or rejection, its content, and its unknown fields."""
    row = {name: value for name, value in outcome(WEB, raw).items() if name != "raw"}
    return row, conformer(WEB).contents(table([raw]))[0], conformer(WEB).unknown(table([raw]))


@given(st.one_of(TWICE, dicts(SCALARS).map(json.dumps), OBJECTS.map(json.dumps)), st.sampled_from(WEB.literals))
@example('{"device": "Mobile", "device": "Desktop", "n": 12345678901234567890.10, "m": 1E400}', "props")
def test_a_record_is_what_it_had_been_with_the_object(value: str, path: str) -> None:
    """Nothing else in the record changes: a number stays a number."""
    assert judged(under(path, json.dumps(value))) == judged(under(path, value))


def test_an_empty_text_leaves_numbers_numbers() -> None:
    """Values beside an empty text stay as they are."""
    assert judged(under("props.geo_location", '""')) == judged(under("props.geo_location", "null"))
    assert conformer(WEB).unknown(table([under("props", '""')])) == {("weight", "integer"): 1, ("price", "number"): 1}


@pytest.mark.parametrize("sent", ["[1]", "7", "{'a': b}", "{1, 2}", "a text"])
def test_any_other_text_stays_what_it_is(sent: str) -> None:
    """The text and all around it stay the same, byte for byte."""
    raw = f'{{"n": 1.0, "text": "{sent}", "n": 2}}'
    assert read([raw], "text") == [raw]
