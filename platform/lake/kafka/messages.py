"""Messages of Kafka as lines of landed objects: JSON objects that a contract's `KafkaRecord` reads.

Belongs here: the form of a line, and the offset in one. Not here: where messages come from (`resources.kafka`), what a
reader makes of them (`events.documents`).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

Headers = Sequence[tuple[str, bytes | None]]


class Message(NamedTuple):
    """A message of a partition. `timestamp` is in milliseconds; all that a producer may leave out may be None."""

    offset: int
    key: bytes | None
    timestamp: int | None
    headers: Headers | None
    value: bytes | None


def line_of(topic: str, partition: int, message: Message) -> bytes:
    """The message as a line, without the line break. Whatever is in it is kept.

    Bytes that are UTF-8 become text. Others are null, and stand as base64 in a second field: `value_base64`. A message
    without headers has no field `headers`.
    """
    content: dict[str, Any] = {"topic": topic, "partition": partition, "offset": message.offset}
    content |= _field("key", message.key)
    content["timestamp"] = message.timestamp
    if message.headers:
        content["headers"] = [{"key": name, **_field("value", value)} for name, value in message.headers]
    content |= _field("value", message.value)
    return _encode(content).encode()


def offset_in(line: bytes) -> int:
    """The offset of the message in a line. Raises `ValueError` for any other line."""
    try:
        return int(json.loads(line)["offset"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a message of Kafka: {line[:100]!r}") from error


def is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _field(name: str, data: bytes | None) -> dict[str, str | None]:
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {name: None, f"{name}_base64": b64encode(data).decode()}


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
