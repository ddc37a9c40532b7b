"""Alerts: tell people of failed checks, failed runs and unusual metrics, and when they are well again.

The event log and gold's last release are what is told of; the cursor says for each channel how much of it has been
told. It moves on only behind a message that was sent. So a message is sent at least once, with the same id if it is
sent again. A channel that is set later begins with what happens then.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import dagster as dg

from assets.metric_values import MetricValue, last_finished_day, number_text, read_metrics
from resources import dbt
from resources.alerts.channels import Channel, SendFailed
from resources.alerts.message import Message
from resources.alerts.rules import MetricRule, Rules
from resources.alerts.settings import Alerting
from resources.warehouse.protocol import Warehouse, WarehouseBusy
from sensors.alert_events import events_from, last_event, observations
from sensors.alert_state import AlertState, Kind, Notice, Observation, Send, deliver, deliver_due, due

LOCK_TIMEOUT_S = 1.0
BUDGET_S = 12.0  # of one channel in one tick; Dagster ends a tick after a minute
SHOWN_PARTS = 5
TITLES = {Kind.OPENED: "Alert", Kind.REMINDER: "Still open", Kind.RECOVERED: "Recovered"}


@dataclass
class Release:
    """A release of gold, named by its run, and what the rules saw in it.

    It is kept from tick to tick, so that the warehouse computes the metrics once, also while a channel is dead.
    """

    run_id: str = ""
    rules: Rules | None = None
    observations: Sequence[Observation] = ()

    def look(self, rules: Rules, warehouse: Warehouse) -> bool:
        """Look at gold's last release. False if there is none, or if another process keeps the warehouse locked."""
        try:
            run_id = warehouse.release_facts(LOCK_TIMEOUT_S).get("run_id", "")
        except WarehouseBusy:
            return False
        if run_id and (run_id, rules) != (self.run_id, self.rules):
            self.observations = [*metric_observations(rules, warehouse, dt.datetime.now(dt.UTC))]
            self.run_id, self.rules = run_id, rules
        return bool(run_id)


def problem_of(rule: MetricRule, found: MetricValue) -> str | None:
    """What is wrong with a metric by a rule, in words; None if nothing is. A missing value is not judged."""
    value, change = found.value, found.change
    if value is None:
        return None
    told = f"{number_text(value)} on {found.day} is"
    if rule.below is not None and value < rule.below:
        return f"{told} below {number_text(rule.below)}"
    if rule.above is not None and value > rule.above:
        return f"{told} above {number_text(rule.above)}"
    if change is None or found.before is None:
        return None
    if rule.falls_by is not None and -change >= rule.falls_by:
        return f"{told} {-change:.0%} less than {number_text(found.before)} a week before"
    if rule.rises_by is not None and change >= rule.rises_by:
        return f"{told} {change:.0%} more than {number_text(found.before)} a week before"
    return None


def metric_observations(rules: Rules, warehouse: Warehouse, now: dt.datetime) -> Iterator[Observation]:
    """What the metric rules see in gold's last release. A metric that cannot be computed is a problem as well."""
    named = {rule.metric: rules.metric[rule.metric] for rule in rules.alert.metric}
    marts = dbt.marts(warehouse.profile())
    values, errors = read_metrics(warehouse, named, marts, last_finished_day(now))
    for rule in rules.alert.metric:
        path, error = f"/assets/gold/{rules.metric[rule.metric].mart}", errors.get(rule.metric)
        why = f"it cannot be computed: {error}"
        yield Observation(rule.name, f"the query of {rule.metric}", error is None, now, why=why, path=path)
        for found in values:
            if found.value is not None and found.name.partition(" ")[0] == rule.metric:
                problem = problem_of(rule, found)
                yield Observation(rule.name, found.name, problem is None, now, why=problem or "", path=path)


def message_of(notice: Notice, alerting: Alerting) -> Message:
    """A notice as a message."""
    parts = [part for part in notice.parts if part]
    listed = ", ".join(parts[:SHOWN_PARTS]) + (f" and {len(parts) - SHOWN_PARTS} more" * (len(parts) > SHOWN_PARTS))
    since = f"{notice.since:%Y-%m-%d %H:%M} UTC"
    facts = {"Where": notice.subject, "Since": since} | ({"Partitions": listed} if parts else {})
    if notice.kind is Kind.RECOVERED:
        facts["Until"] = f"{notice.at:%Y-%m-%d %H:%M} UTC"
    return Message(
        id=notice.id,
        at=notice.at,
        title=f"{TITLES[notice.kind]}: {notice.rule}: {notice.subject}",
        text=notice.why,
        facts=facts,
        link=alerting.link(notice.path),
        thread="" if notice.kind is Kind.OPENED else f"{notice.thread}-{Kind.OPENED}",
    )


def tell(
    channel: Channel,
    state: AlertState,
    context: dg.SensorEvaluationContext,
    alerting: Alerting,
    release: Release | None,
) -> AlertState:
    """Tell a channel what has happened since its state; gives its new state."""
    now, rules = dt.datetime.now(dt.UTC), alerting.rules
    send = _sender(channel, context, alerting)
    events = events_from(context.instance, state.next[0], now)
    state, is_all = deliver(state, observations(context.instance, rules, events), send)
    if is_all and events:
        state = replace(state, next=(events[-1][0] + 1, 0))
    if is_all and release and release.run_id != state.release:
        state, is_all = deliver(state, release.observations, send)
        state = replace(state, release=release.run_id) if is_all else state
    if is_all:
        remind_after = dt.timedelta(hours=rules.alert.remind_after_hours)
        state = deliver_due(state, due(state, {*rules.names}, remind_after, now), send)
    return state


def _sender(channel: Channel, context: dg.SensorEvaluationContext, alerting: Alerting) -> Send:
    """Sends notices by a channel, for a bounded time. False if a notice was not sent; the log says why."""
    end = time.monotonic() + BUDGET_S

    def send(notice: Notice) -> bool:
        if time.monotonic() > end:
            return False
        try:
            channel.send(message_of(notice, alerting))
        except SendFailed as error:
            context.log.error(f"{error}; notice {notice.id} is sent again at the next tick")
            return False
        return True

    return send


def alerts_sensor() -> dg.SensorDefinition:
    """The sensor that tells people. Its cursor holds the state of each channel."""
    release = Release()

    @dg.sensor(
        name="alerts",
        description="Tells people of failed checks and runs and of unusual metrics, by the rules in alerts.toml.",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alerts(
        context: dg.SensorEvaluationContext,
        alerting: dg.ResourceParam[Alerting],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.SkipReason:
        if not alerting.channels:
            return dg.SkipReason("nobody is told: set ALERT_WEBHOOK_URL, or ALERT_SMTP_HOST and ALERT_EMAIL_TO")
        told = json.loads(context.cursor or "{}")
        begin = AlertState((last_event(context.instance) + 1, 0))
        names = [channel.name for channel in alerting.channels]
        states = {name: AlertState.from_json(told[name]) if name in told else begin for name in names}
        has_release = bool(alerting.rules.alert.metric) and release.look(alerting.rules, warehouse)
        for channel in alerting.channels:
            states[channel.name] = tell(
                channel, states[channel.name], context, alerting, release if has_release else None
            )
        context.update_cursor(json.dumps({name: state.to_json() for name, state in states.items()}))
        alerts_open = len({problem for state in states.values() for problem in state.alerts})
        return dg.SkipReason(f"{alerts_open} alerts are open")

    return alerts
