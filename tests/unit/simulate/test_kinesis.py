"""The Kinesis producer: batches that Kinesis takes, records put again one by one, and the library's aggregation."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate import kinesis
from simulate.defects import make_defects
from simulate.kinesis import MAGIC, NotDelivered, Producer, aggregated, aggregates, batches, planned_records
from simulate.landing import RecordFiles
from simulate.plan import Plan
from simulate.streams import STREAMS

SIZES = st.lists(st.integers(0, 200_000), max_size=700)


class Kinesis:
    """A client whose stream refuses the entries with the given numbers, each once, or everything."""

    def __init__(self, refused: set[int] | None = None) -> None:
        self.refused = refused
        self.taken: list[bytes] = []
        self.calls: list[int] = []

    def put_records(self, **call: Any) -> dict[str, Any]:
        self.calls.append(len(call["Records"]))
        results: list[dict[str, str]] = []
        for entry in call["Records"]:
            number = int(entry["PartitionKey"], 16)
            if self.refused is None or number in self.refused:
                (self.refused or set()).discard(number)
                results.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"})
            else:
                self.taken.append(entry["Data"])
                results.append({"SequenceNumber": "1", "ShardId": "0"})
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedRecordCount": failed, "Records": results}


@given(SIZES)
def test_batches_are_what_put_records_takes(sizes: list[int]) -> None:
    """At most 500 records and 5 MiB with their keys. Nothing is left out or reordered."""
    entries = [{"Data": bytes(size), "PartitionKey": f"{number:x}"} for number, size in enumerate(sizes)]
    found = list(batches(entries))
    assert [entry for batch in found for entry in batch] == entries
    for batch in found:
        assert 1 <= len(batch) <= 500
        assert sum(len(entry["Data"]) + len(entry["PartitionKey"]) for entry in batch) <= 5 << 20


@given(SIZES)
def test_groups_hold_all_records_in_order(sizes: list[int]) -> None:
    """A group is below a shard's size of a record, unless one record alone is larger."""
    records = [bytes(size) for size in sizes]
    found = list(aggregates(records))
    assert [record for group in found for record in group] == records
    assert all(len(group) == 1 or sum(map(len, group)) <= kinesis.AGGREGATE_BYTES for group in found)


def test_only_what_was_refused_is_put_again() -> None:
    """A batch may be refused in part. Putting all of it again would double the records that were taken."""
    client, waits = Kinesis({3, 4, 700}), list[float]()
    records = [b"%d" % number for number in range(1200)]
    producer = Producer(client, "events", sleep=waits.append)
    producer.put(records)
    assert sorted(client.taken) == sorted(records)
    assert client.calls == [500, 2, 500, 1, 200]
    assert (producer.sent, producer.repeated, len(waits)) == (1200, 3, 2)


def test_a_stream_that_takes_nothing_is_an_error() -> None:
    """The waits grow up to a bound. After the last attempt the caller learns how many records are missing."""
    waits: list[float] = []
    with pytest.raises(NotDelivered, match=r"events: 2 records were refused 10 times: \['Provisioned"):
        Producer(Kinesis(), "events", sleep=waits.append).put([b"a", b"b"])
    assert len(waits) == 9
    assert waits[0] <= kinesis.FIRST_WAIT_S
    assert max(waits) <= kinesis.LONGEST_WAIT_S


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=40))
def test_an_aggregate_is_a_message_and_its_digest(records: list[bytes]) -> None:
    """As readers of the library's format check it."""
    found = aggregated(records, "key")
    assert found[:4] == MAGIC
    assert hashlib.md5(found[4:-16]).digest() == found[-16:]


PLAIN = {name: stream for name, stream in STREAMS.items() if isinstance(stream.transport, RecordFiles)}


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_a_plan_is_sent_as_it_would_land(name: str) -> None:
    """The same records in the same order as in the files of the same plan, defects too."""
    stream, plan = STREAMS[name], Plan(datetime(2026, 1, 1), 2, 300)
    bodies = []
    for file in plan.files(stream.transport.parts(plan)):
        batch = stream.source.batch(file)
        bodies.append(stream.transport.body(file, batch.lines, make_defects(stream, file, batch)))
    records = list(planned_records(stream, plan))
    assert len(records) > 500
    separator = PLAIN[name].transport.separator  # type: ignore[attr-defined]
    assert b"".join(record + separator for record in records) == b"".join(bodies)
