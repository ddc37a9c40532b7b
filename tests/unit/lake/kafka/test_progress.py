"""Where drains begin, and what gives alarm."""

from __future__ import annotations

import datetime as dt

from lake.kafka.progress import (
    KEEP_ALARMS,
    Alarm,
    AlarmKind,
    OffsetRange,
    Progress,
    Start,
    TopicState,
    due_partitions,
    find_alarms,
    has_changed,
    keep_alarms,
    start_of,
)

NOW = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)


def topic(*ranges: tuple[int, int], topic_id: str = "a") -> TopicState:
    """A topic whose partitions hold these offsets."""
    return TopicState("event", topic_id, {number: OffsetRange(*each) for number, each in enumerate(ranges)})


def progress(*read_to: int, topic_id: str = "a", alarms: tuple[Alarm, ...] = ()) -> Progress:
    return Progress(topic_id, dict(enumerate(read_to)), alarms)


def alarms(
    state: TopicState, following: dict[int, int | None], before: Progress | None, earlier: str | None = "a"
) -> list[tuple[AlarmKind, str]]:
    return [(alarm.kind, alarm.what) for alarm in find_alarms(state, following, before, earlier, NOW)]


def test_only_partitions_with_something_new_are_due() -> None:
    """A hole at the end was read: it is not read again every minute."""
    assert due_partitions(topic((0, 100), (0, 0), (0, 51)), None) == [0, 2]
    assert due_partitions(topic((0, 100), (0, 0), (0, 51)), progress(99, 0, 51)) == [0]
    assert due_partitions(topic((0, 100)), progress(100, topic_id="b")) == [0]
    assert due_partitions(topic((0, 80)), progress(100)) == [0], "it has lost messages"


def test_a_run_is_needed_for_messages_and_for_alarms() -> None:
    """A topic that is new, or another one, or has other partitions, has to be looked at once."""
    assert has_changed(topic((0, 0)), None)
    assert not has_changed(topic((0, 5), (0, 0)), progress(5, 0))
    assert has_changed(topic((0, 5)), progress(5, topic_id="b"))
    assert has_changed(topic((0, 5), (0, 0)), progress(5))
    assert has_changed(topic((0, 5)), progress(5, 3))


def test_a_partition_goes_on_after_its_last_message() -> None:
    """An object that follows a gap keeps the name that it would have had: another drain chooses the same."""
    assert start_of(OffsetRange(0, 100), None) == Start(0, 0)
    assert start_of(OffsetRange(0, 100), 40) == Start(40, 40)
    assert start_of(OffsetRange(60, 100), 40) == Start(40, 60)
    assert start_of(OffsetRange(60, 100), None) == Start(0, 60)
    assert start_of(OffsetRange(0, 30), 40) is None


def test_the_first_drain_gives_no_alarm() -> None:
    """What retention deleted before was never ours."""
    assert alarms(topic((60, 100)), {0: None}, None, earlier=None) == []


def test_a_gap_is_named_with_its_offsets() -> None:
    """Whether or not the last run's record is still there."""
    gap = [(AlarmKind.GAP, "partition 0: offsets 40 to 59 were deleted before they were drained")]
    assert alarms(topic((60, 100)), {0: 40}, None) == gap
    assert alarms(topic((60, 100)), {0: 40}, progress(40)) == gap


def test_a_hole_that_was_read_is_no_gap() -> None:
    """Offsets 40 to 59 were of an aborted transaction; retention deletes them like any other."""
    assert alarms(topic((60, 100)), {0: 40}, progress(60)) == []
    assert alarms(topic((60, 100)), {0: None}, progress(60)) == []


def test_a_recreated_topic_is_named_with_both_ids() -> None:
    """Its partitions begin anew, so what is missing at their beginning is a gap."""
    created = "the topic was created again: id a (drained up to 0: 50, 1: 7) has become b"
    found = alarms(topic((0, 10), topic_id="b"), {0: None}, progress(50, 7))
    assert found == [
        (AlarmKind.RECREATED, created),
        (AlarmKind.LOST, "partition 1 is gone; it was drained up to offset 7"),
    ]
    found = alarms(topic((3, 10), topic_id="b"), {0: None}, None)
    assert [kind for kind, _ in found] == [AlarmKind.RECREATED, AlarmKind.GAP]


def test_an_added_partition_is_named() -> None:
    """It is drained from its beginning; what is missing there is a gap."""
    added = (AlarmKind.ADDED, "partition 1 is new; it is drained from its beginning")
    assert alarms(topic((0, 10), (0, 5)), {1: None}, progress(10)) == [added]
    found = alarms(topic((0, 10), (2, 5)), {1: None}, progress(10))
    assert [kind for kind, _ in found] == [AlarmKind.ADDED, AlarmKind.GAP]


def test_a_partition_that_ends_too_early_is_named() -> None:
    """An unclean election has lost messages that have landed."""
    ((kind, what),) = alarms(topic((0, 80)), {0: 100}, progress(100))
    assert (kind, what.split(".")[0]) == (
        AlarmKind.TRUNCATED,
        "partition 0: the brokers have lost offsets 80 to 99, which have landed",
    )


def test_alarms_stay_for_days() -> None:
    """A run a minute later must not hide them. A repeated one keeps its first time, an old one goes."""
    first = Alarm(AlarmKind.GAP, "gap", (NOW - dt.timedelta(days=1)).isoformat())
    again = Alarm(AlarmKind.GAP, "gap", NOW.isoformat())
    old = Alarm(AlarmKind.LOST, "lost", (NOW - KEEP_ALARMS).isoformat())
    assert keep_alarms([old, first], [again], NOW) == (first,)


def test_progress_is_read_back() -> None:
    """It is stored as text in the metadata of a run."""
    before = progress(5, 7, alarms=(Alarm(AlarmKind.GAP, "gap", NOW.isoformat()),))
    assert Progress.from_json(before.to_json()) == before
