"""Names of landed objects: they hold what the next drain has to know."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.web import WEB
from lake.kafka.names import ObjectName

ID = "pUL3oFtaTyi0sOABHZXrjA"
NAME = ObjectName("event", ID, 3, 42)


def test_a_name_says_which_messages_it_has() -> None:
    """The offset is as long as any offset can be, so that names sort as offsets do."""
    assert str(NAME) == f"event+{ID}+3+00000000000000000042.json.gz"
    hour = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
    assert NAME.path(WEB, hour) == f"web/2026/05/01/09/{NAME}"
    assert WEB.arrival_hour(NAME.path(WEB, hour).removeprefix("web/")) == hour


def test_a_claim_is_no_landed_object_and_has_no_hour() -> None:
    """Two drains that disagree about the hour have to meet."""
    claim = NAME.claim(WEB).removeprefix("web/")
    assert claim.startswith("_")
    assert WEB.arrival_hour(claim) is None
    assert ObjectName.of(claim) is None


@given(
    st.from_regex(r"[a-zA-Z0-9._-]{1,40}", fullmatch=True),
    st.from_regex(r"[a-zA-Z0-9_-]{22}", fullmatch=True),
    st.integers(0, 100_000),
    st.integers(0, 2**63 - 1),
)
def test_a_name_is_read_back(topic: str, topic_id: str, partition: int, first: int) -> None:
    """Topics may have dots and dashes, ids dashes and underscores."""
    name = ObjectName(topic, topic_id, partition, first)
    assert ObjectName.of(f"web/2026/05/01/09/{name}") == name


@pytest.mark.parametrize(("topic", "topic_id"), [("a+b", ID), ("event", "pUL3oFtaTyi0sO+BHZXrjA"), ("event", "short")])
def test_a_name_that_could_not_be_read_back_is_refused(topic: str, topic_id: str) -> None:
    """Otherwise each drain would begin at the beginning again."""
    with pytest.raises(ValueError, match="no name of an object"):
        ObjectName(topic, topic_id, 0, 0)


@pytest.mark.parametrize("path", ["web/2026/05/01/09/event+0+0000000000-0000000009.json.gz", "a.json", ""])
def test_other_objects_have_no_such_name(path: str) -> None:
    """Objects that producers or the simulator have written say nothing of a topic."""
    assert ObjectName.of(path) is None
