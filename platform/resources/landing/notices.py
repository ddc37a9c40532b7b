"""Notices: a queue in which S3 reports new objects (SQS). They are hints, so each is deleted as soon as it is read.

Belongs here: receiving messages and reading what they name. Not here: what becomes of a hint (`sensors.arrivals`). A
lost hint costs minutes: the sweep of all hours finds the object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote_plus

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lake.landing import NoticesFailed

BATCH = 10  # SQS gives no more at a time
MOST_BATCHES = 20  # in one call: 200 messages
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class NoticeQueue:
    """The queue at `url`. The region is that of its address, or else the client's."""

    url: str

    @cached_property
    def client(self) -> Any:
        host = self.url.split("/")[2].split(".")  # sqs.<region>.amazonaws.com
        config = Config(connect_timeout=TIMEOUT_S, read_timeout=2 * TIMEOUT_S, retries={"total_max_attempts": 2})
        return boto3.client("sqs", region_name=host[1] if host[0] == "sqs" and len(host) > 3 else None, config=config)

    def receive(self, bucket: str, wait_s: float) -> list[str]:
        """The keys of a bucket's objects that messages name. Waits up to `wait_s` seconds, at most 5, for the first.

        Raises `NoticesFailed`.
        """
        keys: list[str] = []
        wait = int(min(wait_s, TIMEOUT_S))
        try:
            for _ in range(MOST_BATCHES):
                answer = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=wait)
                messages, wait = answer.get("Messages", []), 0
                if not messages:
                    break
                keys += [key for message in messages for key in object_keys(message["Body"], bucket)]
                done = [{"Id": str(place), "ReceiptHandle": m["ReceiptHandle"]} for place, m in enumerate(messages)]
                self.client.delete_message_batch(QueueUrl=self.url, Entries=done)
        except (ClientError, BotoCoreError) as error:
            raise NoticesFailed(f"queue {self.url}: {error}") from error
        return keys


def object_keys(body: str, bucket: str) -> list[str]:
    """The keys of a bucket's new objects that the body of a message names.

    The message is S3's own, or one that SNS wraps. Empty for any other: S3's test event, another bucket, no JSON.
    """
    try:
        message = json.loads(body)
        if "Message" in message:
            message = json.loads(message["Message"])
        return [
            unquote_plus(record["s3"]["object"]["key"])
            for record in message["Records"]
            if record["s3"]["bucket"]["name"] == bucket and record["eventName"].startswith("ObjectCreated:")
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []
