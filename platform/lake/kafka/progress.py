"""Progress: where a drain begins in each partition, and what gives alarm. Pure functions of offsets.

All offsets are of messages that consumers may read: an open or aborted transaction's are not. `end` is the offset after
the last one.

Belongs here: decisions. Not here: what has landed (`positions`), what the brokers have (`resources.kafka`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

KEEP_ALARMS = dt.timedelta(days=7)


class AlarmKind(StrEnum):
    """What has happened to a topic."""

    GAP = "gap"
    RECREATED = "recreated topic"
    LOST = "lost partition"
    ADDED = "added partition"
    TRUNCATED = "truncated partition"


LOSSES = (AlarmKind.GAP, AlarmKind.LOST, AlarmKind.TRUNCATED)  # messages may be lost


@dataclass(frozen=True)
class Alarm:
    """Something that a person has to know: `what` says it with partition and offsets. `at` is when it was found."""

    kind: AlarmKind
    what: str
    at: str

    def __str__(self) -> str:
        return f"{self.at}: {self.what}"


@dataclass(frozen=True)
class OffsetRange:
    """The offsets that a partition holds: the first one, and the end."""

    first: int
    end: int


@dataclass(frozen=True)
class TopicState:
    """A topic as the brokers have it. A topic that is deleted and created again gets another id."""

    name: str
    topic_id: str
    partitions: Mapping[int, OffsetRange]


@dataclass(frozen=True)
class Progress:
    """How far a drain has read each partition, and the alarms of the last days.

    `read_to` is at least the offset after the last landed message. It is higher where no message follows before it.
    Only alarms and the question whether there is anything to do depend on it.
    """

    topic_id: str
    read_to: Mapping[int, int] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Progress:
        found = json.loads(text)
        alarms = tuple(Alarm(AlarmKind(each["kind"]), each["what"], each["at"]) for each in found["alarms"])
        return cls(found["topic_id"], {int(name): offset for name, offset in found["read_to"].items()}, alarms)


def read_before(topic: TopicState, before: Progress | None) -> Mapping[int, int]:
    """How far the topic's partitions were read before; empty for another topic of that name."""
    return before.read_to if before and before.topic_id == topic.topic_id else {}


def due_partitions(topic: TopicState, before: Progress | None) -> list[int]:
    """The partitions whose end is not where the last drain came to: they have new messages, or have lost old ones."""
    read_to = read_before(topic, before)
    return sorted(number for number, offsets in topic.partitions.items() if offsets.end != read_to.get(number, 0))


def has_changed(topic: TopicState, before: Progress | None) -> bool:
    """Whether a run has anything to drain, or an alarm to give."""
    if before is None or before.topic_id != topic.topic_id or set(before.read_to) != set(topic.partitions):
        return True
    return bool(due_partitions(topic, before))


@dataclass(frozen=True)
class Start:
    """Where the next object of a partition begins: `name` is the offset in its name, `read_from` where reading starts.

    They differ only when the topic no longer has the offset of the name.
    """

    name: int
    read_from: int


def start_of(offsets: OffsetRange, following: int | None) -> Start | None:
    """Where to begin, given the offset that follows the last landed message (None: nothing has landed).

    None if the partition ends before: it has lost messages that have landed.
    """
    name = following or 0
    return None if name > offsets.end else Start(name, max(name, offsets.first))


def find_alarms(
    topic: TopicState,
    following: Mapping[int, int | None],
    before: Progress | None,
    earlier_id: str | None,
    now: dt.datetime,
) -> list[Alarm]:
    """What is wrong now.

    `following` has, for each partition that is due, the offset after its last landed message (None: nothing has
    landed). `earlier_id` is the topic's id in an earlier drain, None if this is the first one. A topic's first drain
    gives no alarm: what its retention has deleted before was never ours.
    """
    if earlier_id is None:
        return []
    drained, read_to = before.read_to if before else {}, read_before(topic, before)
    found: list[tuple[AlarmKind, str]] = []
    if earlier_id != topic.topic_id:
        ends = ", ".join(f"{number}: {end:,}" for number, end in sorted(drained.items())) or "unknown"
        text = f"the topic was created again: id {earlier_id} (drained up to {ends}) has become {topic.topic_id}"
        found.append((AlarmKind.RECREATED, text))
    for number in sorted(set(drained) - set(topic.partitions)):
        found.append((AlarmKind.LOST, f"partition {number} is gone; it was drained up to offset {drained[number]:,}"))
    for number, landed in sorted(following.items()):
        offsets, known = topic.partitions[number], max(landed or 0, read_to.get(number, 0))
        if read_to and number not in read_to and landed is None:
            found.append((AlarmKind.ADDED, f"partition {number} is new; it is drained from its beginning"))
        if known < offsets.first:
            span = f"offsets {known:,} to {offsets.first - 1:,}"
            found.append((AlarmKind.GAP, f"partition {number}: {span} were deleted before they were drained"))
        if known > offsets.end:
            span = f"offsets {offsets.end:,} to {known - 1:,}"
            text = f"partition {number}: the brokers have lost {span}, which have landed. New messages that get these"
            found.append((AlarmKind.TRUNCATED, f"{text} offsets again are not drained"))
    at = now.isoformat(timespec="seconds")
    return [Alarm(kind, what, at) for kind, what in found]


def keep_alarms(before: Iterable[Alarm], found: Iterable[Alarm], now: dt.datetime) -> tuple[Alarm, ...]:
    """The alarms of the last days, without repetitions; the earliest time counts."""
    recent = [alarm for alarm in before if now - dt.datetime.fromisoformat(alarm.at) < KEEP_ALARMS]
    kept = {(alarm.kind, alarm.what): alarm for alarm in (*found, *recent)}
    return tuple(sorted(kept.values(), key=lambda alarm: (alarm.at, alarm.kind, alarm.what)))
