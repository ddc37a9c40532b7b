"""A stand-in for Firehose behind Kinesis: moto has both, but its Firehose reads no Kinesis stream.

It does what Firehose's documentation says and the template asks for: read all shards, take the Producer Library's
records apart, add the delimiter, compress, and write an object into the folder of the hour. Errors and retries do not.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from aws import Aws
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

MAGIC = b"\xf3\x89\x9a\xc2"


def _message_class() -> Any:
    """The Producer Library's AggregatedRecord, in Google's own implementation of Protocol Buffers."""
    file = descriptor_pb2.FileDescriptorProto(name="kpl.proto", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    record = file.message_type.add(name="Record")
    for name, number, kind, label in (
        ("partition_key_index", 1, kinds.TYPE_UINT64, kinds.LABEL_REQUIRED),
        ("explicit_hash_key_index", 2, kinds.TYPE_UINT64, kinds.LABEL_OPTIONAL),
        ("data", 3, kinds.TYPE_BYTES, kinds.LABEL_REQUIRED),
    ):
        record.field.add(name=name, number=number, type=kind, label=label)
    whole = file.message_type.add(name="AggregatedRecord")
    for name, number in (("partition_key_table", 1), ("explicit_hash_key_table", 2)):
        whole.field.add(name=name, number=number, type=kinds.TYPE_STRING, label=kinds.LABEL_REPEATED)
    whole.field.add(name="records", number=3, type=kinds.TYPE_MESSAGE, type_name=".Record", label=kinds.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("AggregatedRecord"))


AggregatedRecord = _message_class()


def user_records(data: bytes) -> list[bytes]:
    """The records in a record of Kinesis: itself, or those that the Producer Library has put together."""
    message, digest = data[len(MAGIC) : -16], data[-16:]
    if not data.startswith(MAGIC) or hashlib.md5(message).digest() != digest:
        return [data]
    return [record.data for record in AggregatedRecord.FromString(message).records]


def read_stream(cloud: Aws, name: str) -> Iterator[bytes]:
    """The records of all shards of a Kinesis stream, from the oldest on."""
    client = cloud.client("kinesis")
    for shard in client.list_shards(StreamName=name)["Shards"]:
        place = {"StreamName": name, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = client.get_shard_iterator(**place)["ShardIterator"]
        while True:
            answer = client.get_records(ShardIterator=iterator, Limit=1000)
            yield from (record["Data"] for record in answer["Records"])
            if not answer["Records"]:
                break
            iterator = answer["NextShardIterator"]


def deliver(cloud: Aws, delivery_stream: str, now: dt.datetime, records_an_object: int = 700) -> int:
    """Deliver all that is in the delivery stream's source; returns how many records of Kinesis that were."""
    described = cloud.client("firehose").describe_delivery_stream(DeliveryStreamName=delivery_stream)
    stream = described["DeliveryStreamDescription"]
    source = stream["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"].rpartition("/")[2]
    wanted = stream["Destinations"][0]["ExtendedS3DestinationDescription"]
    processors = wanted["ProcessingConfiguration"]["Processors"]
    (delimiter,) = (p["ParameterValue"] for each in processors for p in each["Parameters"])
    prefix = re.sub(r"!\{timestamp:yyyy/MM/dd/HH\}", f"{now:%Y/%m/%d/%H}", wanted["Prefix"])
    assert "!{" not in prefix
    read = list(read_stream(cloud, source))
    records = [record for data in read for record in user_records(data)]
    for first in range(0, len(records), records_an_object):
        body = b"".join(
            record + delimiter.replace("\\n", "\n").encode() for record in records[first:][:records_an_object]
        )
        key = f"{prefix}{delivery_stream}-1-{now:%Y-%m-%d-%H-%M-%S}-{first:08x}{wanted['FileExtension']}"
        assert wanted["CompressionFormat"] == "GZIP"
        bucket = wanted["BucketARN"].rpartition(":")[2]
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=gzip.compress(body, 1))
    return len(read)
