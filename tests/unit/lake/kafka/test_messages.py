"""Messages as lines: nothing that a producer sent is lost, and bronze's reader understands them."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.kafka.messages import Message, line_of, offset_in

BYTES = st.none() | st.binary(max_size=20) | st.text(max_size=20).map(str.encode)


def original(record: dict[str, Any], name: str) -> bytes | None:
    """The bytes of a field as they were sent."""
    if f"{name}_base64" in record:
        return b64decode(record[f"{name}_base64"])
    text = record[name]
    return None if text is None else text.encode()


@given(BYTES, BYTES, st.none() | st.integers(0, 2**40), st.lists(st.tuples(st.text(max_size=5), BYTES), max_size=3))
def test_a_line_holds_the_whole_message(
    key: bytes | None, value: bytes | None, at: int | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """Keys, values and headers may be absent, empty or any bytes. One message is one line."""
    line = line_of("event", 2, Message(7, key, at, headers, value))
    assert b"\n" not in line
    record = json.loads(line)
    assert (record["topic"], record["partition"], record["offset"], record["timestamp"]) == ("event", 2, 7, at)
    assert (original(record, "key"), original(record, "value")) == (key, value)
    sent = [(header["key"], original(header, "value")) for header in record.get("headers", [])]
    assert sent == headers
    assert offset_in(line) == 7


@pytest.mark.parametrize("line", [b"", b"no JSON", b"[]", b"{}", b'{"offset":"x"}', b"\xff"])
def test_another_line_has_no_offset(line: bytes) -> None:
    """The error shows what was found."""
    with pytest.raises(ValueError, match="not a message of Kafka"):
        offset_in(line)
