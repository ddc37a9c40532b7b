"""Whom is told what and when: whatever is observed, and whenever sending fails."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import defaultdict
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from sensors.alert_state import AlertState, Kind, Notice, Observation, deliver, deliver_due, due, observe

START = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
EMPTY = AlertState((0, 0))
DAY = dt.timedelta(days=1)


def seen(
    place: int, well: bool, subject: str = "silver/web drift", part: str = "", is_error: bool = True
) -> Observation:
    at = START + dt.timedelta(minutes=place)
    return Observation("rule", subject, well, at, (part,), is_error, "why", "/page", (place, 0))


@st.composite
def histories(draw: st.DrawFn) -> list[Observation]:
    """Observations of a few problems with a few parts, in the order of the log."""
    facts = st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("123"), st.booleans())
    return [seen(place, *fact) for place, fact in enumerate(draw(st.lists(facts, max_size=40)))]


def told_by(observations: Iterable[Observation], state: AlertState = EMPTY) -> tuple[list[Notice], AlertState]:
    """The notices, and the state after them, when nothing fails."""
    notices: list[Notice] = []
    state, is_all = deliver(state, observations, lambda notice: notices.append(notice) is None)
    assert is_all
    return notices, state


def by_subject(notices: Iterable[Notice]) -> dict[str, list[Kind]]:
    found = defaultdict(list)
    for notice in notices:
        found[notice.subject].append(notice.kind)
    return dict(found)


@given(histories())
def test_an_alert_opens_once_and_recovers_once(history: list[Observation]) -> None:
    """Never two openings without a recovery between them, and no recovery of what was not open."""
    notices, state = told_by(history)
    for subject, kinds in by_subject(notices).items():
        pairs = [Kind.OPENED, Kind.RECOVERED] * len(kinds)
        assert kinds == pairs[: len(kinds)]
        assert (kinds[-1] is Kind.OPENED) == (f"rule\n{subject}" in state.alerts)
    assert len({notice.id for notice in notices}) == len(notices)


@given(histories(), st.randoms(use_true_random=False))
def test_nothing_is_lost_when_sending_fails(history: list[Observation], chance: random.Random) -> None:
    """Ticks that fail anywhere tell the same in the end, in the same order. What was sent before is not sent again."""
    wanted, last = told_by(history)
    sent: list[Notice] = []

    def send(notice: Notice) -> bool:
        return chance.random() < 0.5 and sent.append(notice) is None

    state, is_all = EMPTY, False
    while not is_all:
        state = AlertState.from_json(json.loads(json.dumps(state.to_json())))
        state, is_all = deliver(state, history, send)
    assert sent == wanted
    assert state == last


@given(histories())
def test_a_message_that_was_sent_twice_has_one_id(history: list[Observation]) -> None:
    """A tick that dies after sending tells again; a reader, or a mail program, sees that it is the same."""
    once, _ = told_by(history)
    again, _ = told_by(history)
    assert [notice.id for notice in once] == [notice.id for notice in again]


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_different_problems_does_not_matter(history: list[Observation], chance: random.Random) -> None:
    """Two writers of the log may come in any order; what they say of one problem keeps its own."""
    turns = [observation.subject for observation in history]
    chance.shuffle(turns)
    queues = {subject: iter([each for each in history if each.subject == subject]) for subject in turns}
    mixed = [next(queues[subject]) for subject in turns]
    unplaced = [[Observation(**{**vars(each), "place": None}) for each in order] for order in (history, mixed)]
    (first, one), (second, other) = map(told_by, unplaced)
    assert by_subject(first) == by_subject(second)
    assert one.alerts == other.alerts


@given(histories())
def test_an_open_alert_has_a_bad_part(history: list[Observation]) -> None:
    """Each error that was seen last is in an open alert, and each part of one was bad when it was seen last."""
    _, state = told_by(history)
    last = {(each.problem, each.parts[0]): each for each in history}
    bad = {(problem, part) for problem, alert in state.alerts.items() for part in alert.parts}
    assert bad >= {key for key, each in last.items() if not each.well and each.is_error}
    assert all(not last[key].well for key in bad)


def test_a_warning_is_over_when_a_later_hour_is_well() -> None:
    """Nobody mends an hour in which few events came. An older hour that is well says nothing of it."""
    notices, state = told_by([seen(1, False, part="10:00", is_error=False), seen(2, True, part="09:00")])
    assert [notice.kind for notice in notices] == [Kind.OPENED]
    notices, state = told_by([seen(3, True, part="11:00")], state)
    assert [notice.kind for notice in notices] == [Kind.RECOVERED]
    assert not state.alerts


def test_an_error_is_over_when_each_hour_that_had_it_is_well() -> None:
    """Data that is wrong stays wrong, however well the next hours are."""
    bad = [seen(1, False, part="10:00"), seen(2, False, part="11:00"), seen(3, True, part="12:00")]
    notices, state = told_by(bad)
    assert [notice.kind for notice in notices] == [Kind.OPENED]
    notices, state = told_by([seen(4, True, part="11:00")], state)
    assert notices == []
    (recovered,), state = told_by([seen(5, True, part="10:00")], state)
    assert recovered.kind is Kind.RECOVERED
    assert recovered.since == START + dt.timedelta(minutes=1)


def test_a_run_of_everything_makes_every_part_well() -> None:
    """`*` stands for all streams, or for all hours."""
    _, state = told_by([seen(1, False, part="web 10:00"), seen(2, False, part="web 11:00")])
    _, state = told_by([seen(3, True, part="* 10:00")], state)
    assert [*state.alerts["rule\nsilver/web drift"].parts] == ["web 11:00"]
    _, state = told_by([seen(4, True, part="* *")], state)
    assert not state.alerts
    _, state = told_by([seen(5, False, part="* *"), seen(6, True, part="web 10:00")], state)
    assert state.alerts, "one hour of one stream does not make a run of everything well"


def test_two_rules_may_see_one_event() -> None:
    """The second one is told although the first one has moved the state on."""
    first = seen(1, False)
    second = Observation(**{**vars(first), "rule": "other", "place": (1, 1)})
    state, notice = observe(EMPTY, first)
    assert notice is not None
    _, other = observe(state, second)
    assert other is not None
    assert other.thread != notice.thread
    assert observe(state, first) == (state, None), "and the first one is not told again"


def test_reminders_come_at_their_time_and_keep_their_id() -> None:
    """A reminder that could not be sent is the same reminder at the next tick."""
    _, state = told_by([seen(0, False)])
    sent: list[Notice] = []

    def take(notice: Notice) -> bool:
        return sent.append(notice) is None

    def tick(state: AlertState, now: dt.datetime, send: object = take) -> AlertState:
        return deliver_due(state, due(state, {"rule"}, DAY, now), send)  # type: ignore[arg-type]

    assert tick(state, START + DAY - dt.timedelta(seconds=1)) == state
    failed: list[str] = []
    for minute in range(2):
        now = START + DAY + dt.timedelta(minutes=minute)
        assert tick(state, now, lambda notice: failed.append(notice.id)) == state
    state = tick(state, START + DAY + dt.timedelta(minutes=5))
    assert [notice.kind for notice in sent] == [Kind.REMINDER]
    assert {*failed} == {sent[0].id}
    assert tick(state, START + DAY + dt.timedelta(minutes=6)) == state
    assert deliver_due(state, due(state, {"rule"}, dt.timedelta(), START + 9 * DAY), take) == state, "zero is never"


def test_the_end_of_a_rule_ends_its_alerts() -> None:
    """Otherwise somebody would wait for a recovery that nothing can bring."""
    _, state = told_by([seen(0, False)])
    sent: list[Notice] = []
    state = deliver_due(state, due(state, {"another"}, DAY, START), lambda notice: sent.append(notice) is None)
    assert [(notice.kind, notice.why) for notice in sent] == [(Kind.RECOVERED, "the rule is no longer in the file")]
    assert not state.alerts
