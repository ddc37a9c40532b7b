"""Alert state: which alerts are open, and what to tell, as pure functions of what was observed.

A problem is one thing that one rule watches: a check of an asset, a job, a metric. It has parts: the partitions of a
check, the streams and hours of a run. An alert opens when a part is bad and none was. It recovers when all its parts
are well again. A bad part that is only a warning is over when a later part is well: nobody mends an hour in which few
events came. Each channel has a state of its own, so that one that is dead keeps its place and delays no other.

Belongs here: the decisions. Not here: what is observed (`alert_events`, `alerts`), how it is said (`alerts`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

LogPlace = tuple[int, int]  # of an event in Dagster's log, and of an observation among the event's


@dataclass(frozen=True)
class Observation:
    """What a rule saw of a problem at an instant: whether some parts of it are well.

    `parts` may be patterns where they are well: `*` stands for all. `place` is that of the event in the log, and the
    observation's among those of the event; None for what is not from there. `path` is that of a page in Dagster's UI.
    """

    rule: str
    subject: str
    well: bool
    at: dt.datetime
    parts: tuple[str, ...] = ("",)
    is_error: bool = True
    why: str = ""
    path: str = ""
    place: LogPlace | None = None

    @property
    def problem(self) -> str:
        return f"{self.rule}\n{self.subject}"


class Kind(StrEnum):
    """Why people are told."""

    OPENED = "opened"
    REMINDER = "reminder"
    RECOVERED = "recovered"


@dataclass(frozen=True)
class OpenAlert:
    """A problem that people were told of. `parts`: the bad ones, and whether each is an error."""

    since: str
    told: str
    parts: Mapping[str, bool]
    why: str
    path: str


@dataclass(frozen=True)
class Notice:
    """What to tell. `thread` is the same for all notices of an alert, `id` for a notice that is sent again."""

    kind: Kind
    thread: str
    rule: str
    subject: str
    since: dt.datetime
    at: dt.datetime
    parts: tuple[str, ...]
    why: str
    path: str

    @property
    def id(self) -> str:
        return f"{self.thread}-{self.kind}" + (f"-{self.at:%Y%m%d%H%M}" if self.kind is Kind.REMINDER else "")


@dataclass(frozen=True)
class AlertState:
    """What a channel has been told: up to the `next` place, of which release of gold, and the alerts that are open."""

    next: LogPlace
    release: str = ""
    alerts: Mapping[str, OpenAlert] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> AlertState:
        """Raises `TypeError` and `KeyError` for what `to_json` has not made."""
        alerts = {problem: OpenAlert(**alert) for problem, alert in told["alerts"].items()}
        event, number = told["next"]
        return cls((event, number), told["release"], alerts)


Step = tuple[AlertState, Notice | None]
Send = Callable[[Notice], bool]


def observe(state: AlertState, seen: Observation) -> Step:
    """The state after an observation, and what to tell because of it. What was seen before changes nothing."""
    if seen.place is not None:
        if seen.place < state.next:
            return state, None
        state = replace(state, next=(seen.place[0], seen.place[1] + 1))
    alert = state.alerts.get(seen.problem)
    if seen.well:
        return (state, None) if alert is None else _without(state, alert, seen)
    parts = dict.fromkeys(seen.parts, seen.is_error)
    if alert is not None:
        return _with(state, seen.problem, replace(alert, parts={**alert.parts, **parts})), None
    at = seen.at.isoformat()
    opened = OpenAlert(at, at, parts, seen.why, seen.path)
    return _with(state, seen.problem, opened), _notice(Kind.OPENED, seen.problem, opened, seen.at)


def _without(state: AlertState, alert: OpenAlert, seen: Observation) -> Step:
    """An alert without the parts that are well; when none is left, it has recovered."""
    latest = max(seen.parts)
    left = {
        part: is_error
        for part, is_error in alert.parts.items()
        if not any(fnmatchcase(part, well) for well in seen.parts) and (is_error or part > latest)
    }
    if left:
        return _with(state, seen.problem, replace(alert, parts=left)), None
    return _closed(state, seen.problem), _notice(Kind.RECOVERED, seen.problem, alert, seen.at)


def due(state: AlertState, rules: Set[str], remind_after: dt.timedelta, now: dt.datetime) -> Iterable[Step]:
    """What is to be told because of the time or the rules, one after the other, each with the state after it.

    Reminders of alerts that nothing was told of for `remind_after` (zero: never), and the end of those whose rule is
    no longer one of `rules`.
    """
    for problem, alert in state.alerts.items():
        if problem.partition("\n")[0] not in rules:
            gone = replace(alert, why="the rule is no longer in the file")
            state = _closed(state, problem)
            yield state, _notice(Kind.RECOVERED, problem, gone, now)
        elif remind_after and now - dt.datetime.fromisoformat(alert.told) >= remind_after:
            # Told again with the same id until it is delivered, as the id has the time at which it was due.
            state = _with(state, problem, replace(alert, told=now.isoformat()))
            at = dt.datetime.fromisoformat(alert.told) + remind_after
            yield state, _notice(Kind.REMINDER, problem, alert, at)


def deliver(state: AlertState, observations: Iterable[Observation], send: Send) -> tuple[AlertState, bool]:
    """Tell what the observations bring about, in order, until one notice cannot be sent.

    Gives the state after the last notice that was sent, and whether that was all. What follows is told again later.
    """
    for seen in observations:
        after, notice = observe(state, seen)
        if notice and not send(notice):
            return state, False
        state = after
    return state, True


def deliver_due(state: AlertState, steps: Iterable[Step], send: Send) -> AlertState:
    """Tell what is `due`, until one notice cannot be sent; gives the state after the last one that was."""
    for after, notice in steps:
        if notice and not send(notice):
            return state
        state = after
    return state


def _with(state: AlertState, problem: str, alert: OpenAlert) -> AlertState:
    return replace(state, alerts={**state.alerts, problem: alert})


def _closed(state: AlertState, problem: str) -> AlertState:
    return replace(state, alerts={name: alert for name, alert in state.alerts.items() if name != problem})


def _notice(kind: Kind, problem: str, alert: OpenAlert, at: dt.datetime) -> Notice:
    rule, _, subject = problem.partition("\n")
    thread = hashlib.sha256(json.dumps([problem, alert.since]).encode()).hexdigest()[:16]
    since = dt.datetime.fromisoformat(alert.since)
    return Notice(kind, thread, rule, subject, since, at, tuple(sorted(alert.parts)), alert.why, alert.path)
