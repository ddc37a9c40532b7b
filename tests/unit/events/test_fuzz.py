"""Fuzzing: decoding and conforming never raise and lose nothing, even for spoilt files and strange fields.

The test spoils files of each stream for FUZZ_SECONDS, but at least 200 files. Another SEED spoils them differently. A
failure names the file's number; number, seed and stream make the same file again.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

import polars as pl
import pytest
from corpus import Corpus, corpus
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from landed import conformer, table
from laws import Decoded, assert_conserved
from spoiling import VALUES, Spoilt, spoil

from contracts import STREAMS
from contracts.stream import EnrichedTsv, Stream
from events.conform import Conformer
from events.enriched import FIELDS

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("SEED", "0"))
FEWEST = 200
TOGETHER, BYTES = 64, 20 << 20  # files whose records are conformed at once, as those of an hour are
of_each_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The files that are spoilt."""
    return corpus(tmp_path_factory.mktemp("corpus"))


def numbers() -> Iterator[int]:
    """File numbers, until the time is up."""
    end = time.monotonic() + SECONDS
    for number in count():
        if number >= FEWEST and time.monotonic() > end:
            return
        yield number


def spoilt(files: Corpus, stream: Stream, number: int) -> Spoilt:
    """A spoilt file of the stream, sometimes of another stream, with parts of any file."""
    random = Random(f"{SEED}/{stream.name}/{number}")
    all_files = [content for contents in files.values() for content in contents]
    mine = files[stream.name] if random.random() < 0.9 else all_files
    return spoil(random, random.choice(mine), random.choice(all_files))


def judged(stream: Stream, together: list[Decoded]) -> Counter[str]:
    """The number of records by reason; a failure names the file that causes it."""
    try:
        return assert_conserved(conformer(stream), together)
    except Exception as error:
        for file in together:
            error.add_note(f"one of them is file {file.number}")
        for file in together:
            alone(stream, file)
        raise


def alone(stream: Stream, file: Decoded) -> None:
    try:
        assert_conserved(Conformer(stream, b"key"), [file])
    except Exception as error:
        error.add_note(f"file {file.number} of seed {SEED}, {stream.name}")
        raise


@of_each_stream
def test_spoilt_files_lose_nothing(stream: Stream, files: Corpus) -> None:
    """Each byte is in a record or a separator, each record in silver or rejected; or the file is refused."""
    together = list[Decoded]()
    tally, reasons = Counter[str](), Counter[str]()
    for number in numbers():
        file = spoilt(files, stream, number)
        try:
            decoded = Decoded.of(number, stream, file)
        except Exception as error:
            error.add_note(f"file {number} of seed {SEED}, {stream.name}: {file.content[:500]!r}")
            raise
        tally.update(files=1, refused=decoded is None)
        if decoded is not None:
            together.append(decoded)
        if len(together) == TOGETHER or sum(file.table.nbytes for file in together) > BYTES:
            reasons += judged(stream, together)
            together.clear()
    reasons += judged(stream, together) if together else Counter()
    print(f"\n{stream.name}: {tally['files']:,} files, {tally['refused']:,} refused; records {dict(reasons)}")
    assert tally["files"] >= FEWEST
    assert reasons["accepted"], "what is spoilt beyond recognition tries little"


class Written(str):
    """A value as JSON text, which may be invalid."""


TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["2026-01-01T00:00:00Z", "1.5", "ada@example.com", "Null"]))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(allow_nan=False).map(str), TEXTS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
STRANGE = st.sampled_from([value.decode(errors="replace") for value in VALUES])
TEXTUAL = st.one_of(STRANGE, TREES.map(json.dumps), TREES.map(lambda tree: json.dumps(tree, ensure_ascii=False)))


ENTITY = st.sampled_from(["client_session", "ecommerce/transaction", "ecommerce/snowplow_ecommerce_action", "web_page"])
INNER = st.dictionaries(st.sampled_from(["userId", "sessionId", "type", "revenue", "transaction_id", "x"]), TEXTUAL)
KEEPERS = ("contexts", "derived_contexts", "unstruct_event")


def self_describing(field: str, found: list[tuple[str, dict[str, str]]]) -> str:
    """The content of a field with entities; their fields have the given texts as JSON."""
    vendor = "iglu:com.snowplowanalytics.snowplow"
    texts = []
    for name, fields in found:
        schema = json.dumps(f"{vendor}{'.' * ('/' in name) or '/'}{name}/jsonschema/1-0-0")
        inner = ",".join(f"{json.dumps(key)}:{value}" for key, value in fields.items())
        texts.append(f'{{"schema":{schema},"data":{{{inner}}}}}')
    data = "".join(texts[:1]) if field == "unstruct_event" else f"[{','.join(texts)}]"
    return f'{{"schema":"{vendor}/{field}/jsonschema/1-0-0","data":{data or "null"}}}'


def text_of(node: Any) -> str:
    if isinstance(node, Written):
        return node
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{text_of(value)}" for name, value in node.items()) + "}"
    return json.dumps(node)


def with_fields(raw: str, changes: dict[str, str]) -> str:
    """A JSON record with some values replaced."""
    record = json.loads(raw)
    for path, value in changes.items():
        *parents, leaf = path.split(".")
        node = record
        for part in parents:
            node[part] = node[part] if isinstance(node.get(part), dict) else {}
            node = node[part]
        node[leaf] = Written(value)
    return text_of(record)


def with_columns(raw: str, changes: dict[str, str]) -> str:
    """A line of tab-separated fields with some of them replaced."""
    values = raw.split("\t")
    for name, value in changes.items():
        values[FIELDS.index(name)] = value
    return "\t".join(values)


@pytest.fixture(scope="module")
def good(files: Corpus) -> dict[str, str]:
    """A valid record of each stream: an object, or a line."""
    return {stream.name: first_good(stream, files) for stream in STREAMS}


def first_good(stream: Stream, files: Corpus) -> str:
    for number, content in enumerate(files[stream.name]):
        file = Decoded.of(number, stream, Spoilt("f", content, 1 << 20))
        assert file is not None
        accepted = conformer(stream).conform(file.table).accepted
        records = pl.DataFrame(pl.from_arrow(file.table.select(["_line", "raw", "header"])))
        found = records.filter(pl.col("header").is_null()).join(accepted, on="_line", how="semi")["raw"]
        if len(found):
            return str(found[0].decode())
    raise AssertionError(f"no file of {stream.name} has a good record")


@of_each_stream
@given(data=st.data())
@settings(max_examples=max(8, int(2 * SECONDS)))
@seed(SEED)
def test_strange_values_lose_nothing(stream: Stream, good: dict[str, str], data: st.DataObject) -> None:
    """A record is judged whatever its fields hold, and so are its neighbours."""
    raw = good[stream.name]
    tabular = EnrichedTsv() in stream.decoding
    paths = FIELDS if tabular else [path for name in stream.types for path in stream.source_of(name)["paths"]]
    changes = st.dictionaries(st.sampled_from([*paths, *stream.literals]), TEXTUAL, min_size=1, max_size=4)
    if tabular:
        entities = st.lists(st.tuples(ENTITY, INNER), max_size=3)
        keepers = st.sampled_from(KEEPERS).flatmap(
            lambda field: entities.map(lambda found: {field: self_describing(field, found)})
        )
        changes = st.one_of(changes, keepers)
    change = with_columns if tabular else with_fields
    raws = [change(raw, fields) for fields in data.draw(st.lists(changes, min_size=1, max_size=20))]
    assert_conserved(conformer(stream), [Decoded(0, table([raw, *raws]))])
