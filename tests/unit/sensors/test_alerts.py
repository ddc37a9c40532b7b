"""The sensor `alerts`: from the event log and a release of gold to servers on this machine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from local_servers import Chat, Mailbox, chat_server, mail_server

from assets.metric_values import MetricValue, last_finished_day
from resources.alerts.channels import Mail, Security, Webhook
from resources.alerts.rules import MetricRule
from resources.alerts.settings import Alerting
from resources.warehouse.duckdb import DuckDBWarehouse
from sensors import alert_events, alerts
from sensors.alerts import alerts_sensor, problem_of

DAY = last_finished_day(dt.datetime.now(dt.UTC))
RULES = """
[[alert.check]]
name = "Late"
check = "freshness"

[[alert.metric]]
name = "Few people"
metric = "people"
falls_by = 0.5

[metric.people]
mart = "daily_active_users"
sql = "max(dau)"
where = "identity_space = 'all'"
"""


class World:
    """An instance, a release of gold, a chat and a mailbox. `tick` evaluates the sensor and keeps its cursor."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, chat: Chat, mailbox: Mailbox) -> None:
        self.instance, self.chat, self.mailbox, self.cursor = instance, chat, mailbox, None
        (folder / "alerts.toml").write_text(RULES)
        self.warehouse = DuckDBWarehouse(folder / "warehouse.duckdb", folder / "gold.duckdb", folder / "scratch")
        mail = Mail("127.0.0.1", mailbox.port, "p@example.com", ("a@example.com",), Security.NONE)
        self.alerting = Alerting(folder / "alerts.toml", (Webhook(chat.url), mail), "http://ui")
        self.sensor = alerts_sensor()

    def tick(self) -> str:
        """Evaluate the sensor; gives why it skipped."""
        resources = {"alerting": self.alerting, "warehouse": self.warehouse}
        context = dg.build_sensor_context(self.instance, cursor=self.cursor, resources=resources)
        result = self.sensor(context)
        assert isinstance(result, dg.SkipReason)
        self.cursor = context.cursor
        return result.skip_message or ""

    def check(self, passed: bool, hour: int) -> None:
        evaluation = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(["silver", "web"]),
            check_name="freshness",
            passed=passed,
            metadata={},
            severity=dg.AssetCheckSeverity.WARN,
            description="**An hour <late>**",
            partition=f"2024-05-01-{hour}:00",
        )
        self.instance.report_runless_asset_event(evaluation)

    def release(self, run_id: str, people: int, before: int) -> None:
        """What a gold run leaves: a release, and the note of it."""
        with duckdb.connect(str(self.warehouse.published)) as con:
            con.execute("CREATE SCHEMA IF NOT EXISTS marts")
            con.execute(
                "CREATE OR REPLACE TABLE marts.daily_active_users(event_date DATE, identity_space TEXT, dau INT)"
            )
            for date, dau in ((DAY, people), (DAY - dt.timedelta(weeks=1), before)):
                con.execute("INSERT INTO marts.daily_active_users VALUES (?, 'all', ?), (?, 'x', 9)", [date, dau, date])
        with self.warehouse._connection() as con:
            con.execute("INSERT OR REPLACE INTO platform.facts VALUES ('run_id', ?)", [run_id])

    @property
    def posts(self) -> list[str]:
        return [post["text"] for post in self.chat.posts]

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mailbox.mail]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(alert_events, "SETTLED_AFTER", -dt.timedelta(minutes=1))
    with dg.DagsterInstance.ephemeral() as instance, chat_server() as chat, mail_server() as mailbox:
        yield World(tmp_path, instance, chat, mailbox)


def test_people_are_told_once_and_of_the_recovery(world: World) -> None:
    """By both channels, with a link; what was before the first tick is history."""
    world.check(False, 10)
    assert world.tick() == "0 alerts are open"
    world.check(False, 11)
    assert world.tick() == "1 alerts are open"
    world.check(False, 12)
    world.tick()
    assert world.posts == ["Alert: Late: silver/web freshness"]
    blocks = json.dumps(world.chat.posts[0]["blocks"])
    assert "An hour <late>" in blocks
    assert "http://ui/assets/silver/web?view=checks&amp;checkDetail=freshness" in blocks
    world.check(True, 13)
    assert world.tick() == "0 alerts are open"
    assert world.posts == ["Alert: Late: silver/web freshness", "Recovered: Late: silver/web freshness"]
    assert world.subjects == world.posts
    assert world.mailbox.mail[1]["In-Reply-To"] == world.mailbox.mail[0]["Message-ID"]


def test_a_dead_webhook_loses_nothing_and_delays_nobody(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The mail goes out at once, and once. The webhook gets all of it, in order, when it lives again."""
    world.tick()
    world.chat.status = 500
    for hour, passed in ((10, False), (11, True)):
        world.check(passed, hour)
        world.tick()
    world.tick()
    told = ["Alert: Late: silver/web freshness", "Recovered: Late: silver/web freshness"]
    assert (world.posts, world.subjects) == ([], told)
    world.chat.status = 200
    world.tick()
    assert (world.posts, world.subjects) == (told, told)
    assert "secret-canary" not in caplog.text
    assert "secret-canary" not in (world.cursor or "")


def test_a_metric_is_judged_once_for_each_release(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fall of a half against the same weekday opens an alert, and a later release closes it."""
    world.tick()
    world.release("first", 40, 100)
    assert world.tick() == "1 alerts are open"
    assert world.posts == ["Alert: Few people: people"]
    assert f"40 on {DAY} is 60% less than 100 a week before" in json.dumps(world.chat.posts[0])
    with monkeypatch.context() as patch:
        patch.setattr(alerts, "metric_observations", None)
        world.chat.status = 500
        world.check(False, 10)
        world.tick()  # nothing is computed while a channel is dead
        world.chat.status = 200
        world.check(True, 11)
        world.tick()
    del world.chat.posts[1:]
    world.release("second", 90, 100)
    assert world.tick() == "0 alerts are open"
    assert world.posts[1:] == ["Recovered: Few people: people"]


def test_a_metric_that_cannot_be_computed_is_an_alert(world: World) -> None:
    """A rule that silently sees nothing is worse than none."""
    world.tick()
    world.release("first", 100, 100)
    with duckdb.connect(str(world.warehouse.published)) as con:
        con.execute("ALTER TABLE marts.daily_active_users RENAME dau TO people")
    world.tick()
    assert world.posts == ["Alert: Few people: the query of people"]


def test_without_channels_nobody_is_told(world: World) -> None:
    """The reason is in the tick, and the cursor stays where it is."""
    world.alerting = dataclasses.replace(world.alerting, channels=())
    world.check(False, 10)
    assert world.tick().startswith("nobody is told: set ALERT_WEBHOOK_URL")
    assert world.cursor is None


@pytest.mark.parametrize(
    ("limits", "value", "before", "says"),
    [
        ({"below": 10.0}, 9.0, None, "9 on 2024-05-01 is below 10"),
        ({"below": 10.0}, 10.0, None, None),
        ({"above": 0.5}, 0.75, None, "0.75 on 2024-05-01 is above 0.5"),
        ({"falls_by": 0.5}, 50.0, 100.0, "50 on 2024-05-01 is 50% less than 100 a week before"),
        ({"falls_by": 0.5}, 51.0, 100.0, None),
        ({"falls_by": 0.5}, -150.0, -100.0, "-150 on 2024-05-01 is 50% less than -100 a week before"),
        ({"rises_by": 1.0}, 1_234_567.0, 1000.0, "1,234,567 on 2024-05-01 is 123357% more than 1,000 a week before"),
        ({"rises_by": 1.0, "falls_by": 0.1}, 0.0, 0.0, None),  # nothing to compare with
        ({"falls_by": 0.1}, 5.0, None, None),
        ({"below": 10.0}, None, 100.0, None),  # a day without a value is not judged
    ],
)
def test_limits_of_a_metric(limits: dict[str, float], value: float | None, before: float | None, says: str) -> None:
    rule = MetricRule(name="r", metric="m", **limits)
    found = problem_of(rule, MetricValue("m", dt.date(2024, 5, 1), value, before))
    assert found == says
