"""A Kinesis producer: `python -m simulate.kinesis commerce --start 2026-01-01T00 --hours 1 --to events-commerce`.

Sends the records of a plan in batches, and those that Kinesis refuses again. Firehose lands them in the hour in which
they arrive, so of the plan's truth the totals hold, but not the counts by arrival hour.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from simulate.defects import make_defects
from simulate.plan import Plan
from simulate.stream import Stream
from simulate.streams import STREAMS

BATCH_RECORDS = 500  # PutRecords takes no more,
BATCH_BYTES = 5 << 20  # data and partition keys together
AGGREGATE_BYTES = 50 << 10  # the Kinesis Producer Library's default
ATTEMPTS = 10
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
MAGIC = b"\xf3\x89\x9a\xc2"
Entry = dict[str, Any]


class NotDelivered(Exception):
    """Kinesis has refused records at every attempt; the message says how many and why."""


@dataclass
class Producer:
    """Puts records into a Kinesis stream. `client` is boto3's; `sleep` waits between attempts.

    With `aggregate`, many records travel as one, in the format of the Kinesis Producer Library, which Firehose takes
    apart. A shard takes 1,000 records or 1 MB a second, so small records need fewer shards then.
    """

    client: Any
    stream_name: str
    aggregate: bool = False
    sleep: Callable[[float], None] = time.sleep
    keys: Iterator[int] = field(default_factory=count)
    sent: int = 0
    repeated: int = 0

    def put(self, records: Iterable[bytes]) -> None:
        """Put all records. Raises `NotDelivered`."""
        groups = aggregates(records) if self.aggregate else ([record] for record in records)
        for batch in batches(self._entry(group) for group in groups):
            self._put_batch(batch)

    def _entry(self, group: Sequence[bytes]) -> Entry:
        """A record for Kinesis. Keys differ, so that records spread over all shards."""
        key = f"{next(self.keys):x}"
        self.sent += len(group)
        return {"Data": aggregated(group, key) if self.aggregate else group[0], "PartitionKey": key}

    def _put_batch(self, batch: list[Entry]) -> None:
        """Put a batch until Kinesis has taken each of its entries; only those that it refused are put again."""
        for attempt in range(ATTEMPTS):
            if attempt:
                longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1))
                self.sleep(random.uniform(longest / 2, longest))  # at random, or all producers come back at once
            results = self.client.put_records(StreamName=self.stream_name, Records=batch)["Records"]
            batch = [entry for entry, result in zip(batch, results, strict=True) if "ErrorCode" in result]
            if not batch:
                return
            self.repeated += len(batch)
        reasons = sorted({result["ErrorCode"] for result in results if "ErrorCode" in result})
        raise NotDelivered(f"{self.stream_name}: {len(batch)} records were refused {ATTEMPTS} times: {reasons}")


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in batches that PutRecords takes."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(entry["Data"]) + len(entry["PartitionKey"])
        if batch and (len(batch) == BATCH_RECORDS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch


def aggregates(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The records in groups that are to travel as one; a record that is larger than that is a group of its own."""
    group: list[bytes] = []
    size = 0
    for record in records:
        if group and size + len(record) > AGGREGATE_BYTES:
            yield group
            group, size = [], 0
        group.append(record)
        size += len(record)
    if group:
        yield group


def aggregated(records: Sequence[bytes], key: str) -> bytes:
    """Records as one, with one partition key.

    The format is that of github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md: magic bytes, a
    Protocol Buffers message (1: partition keys; 3: records, each 1: number of its key, 3: data), and the message's MD5.
    """
    parts = [_bytes_field(1, key.encode())]
    parts += [_bytes_field(3, b"\x08\x00" + _bytes_field(3, record)) for record in records]
    message = b"".join(parts)
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _bytes_field(number: int, content: bytes) -> bytes:
    """A field of a Protocol Buffers message: tag, length, bytes."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def planned_records(stream: Stream, plan: Plan) -> Iterator[bytes]:
    """All records of a plan in the order in which they land, good ones and defects, without separators."""
    for file in plan.files(stream.transport.parts(plan)):
        batch = stream.source.batch(file)
        defects = iter([*make_defects(stream, file, batch), None])
        defect = next(defects)
        for position, line in enumerate([*batch.lines, None]):
            while defect and (defect.position == position or line is None):
                yield defect.line
                defect = next(defects)
            if line is not None:
                yield line.encode()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Credentials, region and address are those of every AWS client."""
    import boto3

    parser = argparse.ArgumentParser(prog="simulate.kinesis", description="Sends simulated events to Kinesis.")
    parser.add_argument("stream", choices=sorted(STREAMS))
    parser.add_argument("--to", required=True, help="the name of the Kinesis stream")
    parser.add_argument("--start", required=True, type=datetime.fromisoformat, help="first hour, UTC: 2026-01-01T00")
    parser.add_argument("--hours", type=int, default=1, help="hours of events (default %(default)s)")
    parser.add_argument("--rate", type=int, default=4200, help="records per hour, about (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other events (default %(default)s)")
    parser.add_argument("--aggregate", action="store_true", help="many records as one, as the Producer Library does")
    options = parser.parse_args(arguments)
    plan = Plan(options.start, options.hours, options.rate, options.seed)
    producer = Producer(boto3.client("kinesis"), options.to, options.aggregate)
    started = time.perf_counter()
    producer.put(planned_records(STREAMS[options.stream], plan))
    seconds = time.perf_counter() - started
    print(
        f"{options.to}: {producer.sent:,} records, {producer.repeated:,} refused and put again; {seconds:.1f} s, "
        f"{producer.sent / seconds:,.0f} records/s",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
