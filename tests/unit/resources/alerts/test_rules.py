"""The file of rules: the one that is shipped is valid, and what is wrong is named by rule and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.alerts.rules import InvalidRules, load_rules
from resources.alerts.settings import DEFAULT_FILE, InvalidAlertSettings, alerting
from resources.dbt import Mart

TYPES = {"event_date": "date", "dau": "bigint", "country": "varchar"}
MARTS = {"daily": Mart("daily", '"gold_next"."marts"."daily"', TYPES, {})}
METRIC = '[metric.people]\nmart = "daily"\nsql = "max(dau)"\n'


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a file."""
    file = tmp_path / "alerts.toml"
    file.write_text(text)
    with pytest.raises(InvalidRules) as raised:
        load_rules(file, MARTS)
    first, *rest = str(raised.value).splitlines()
    assert first.startswith(f"{file} ")
    return [line.removeprefix("- ") for line in rest] or [first.removeprefix(f"{file} ")]


def test_the_shipped_rules_are_valid_for_the_project() -> None:
    """Their metrics name marts and columns that exist."""
    rules = alerting({}).rules
    assert alerting({}).file == DEFAULT_FILE
    assert len(rules.names) >= 8
    assert rules.report.metrics


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[[alert.check]]\nname = "a"\nseverity = "bad"\n',
            "alert.check 'a': severity: Input should be 'warn' or 'error'",
        ),
        ("[[alert.run]]\n", "alert.run number 1: name: Field required"),
        ('[[alert.run]]\nname = "a"\njobs = "x"\n', "alert.run 'a': jobs: Extra inputs are not permitted"),
        ('[[alert.run]]\nname = "a"\n\n[[alert.check]]\nname = "a"\n', "alert 'a': 2 rules have this name"),
        (
            f'{METRIC}[[alert.metric]]\nname = "a"\nmetric = "people"\n',
            "alert.metric 'a': expected at least one of below, above, falls_by, rises_by",
        ),
        (
            f'{METRIC}[[alert.metric]]\nname = "a"\nmetric = "people"\nbelow = "1"\n',
            "alert.metric 'a': below: Input should be a valid number",
        ),
        (
            f'{METRIC}[[alert.metric]]\nname = "a"\nmetric = "peopel"\nbelow = 1\n',
            "alert.metric 'a': metric: no metric is called 'peopel' (is 'people' meant?)",
        ),
        ('[report]\nmetrics = ["people"]\n', "report.metrics: no metric is called 'people'"),
        ('[metric.a]\nmart = "dayly"\nsql = "1"\n', "metric.a.mart: no mart is called 'dayly' (is 'daily' meant?)"),
        (f'{METRIC}date = "dau"\n', "metric.people.date: 'dau' is no date of daily; its dates: event_date"),
        (
            f"{METRIC}where = \"contry = 'x'\"\n",
            "metric.people.where: daily has no column 'contry' (is 'country' meant?)",
        ),
        (f'{METRIC}where = "dau > 1; drop"\n', "metric.people.where: daily has no column 'drop'"),
        ("name = \n", "cannot be read as TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_an_error_names_rule_and_field(tmp_path: Path, text: str, says: str) -> None:
    assert says in problems(tmp_path, text)


def test_functions_and_texts_are_no_columns(tmp_path: Path) -> None:
    """They belong to SQL, whichever there are."""
    file = tmp_path / "alerts.toml"
    file.write_text(
        f"{METRIC}where = \"country in ('dry', 'wet') and coalesce (dau, 0) > 0 and not country is null\"\n"
    )
    assert load_rules(file, MARTS).metric["people"].by == ""


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A misspelt path must not mean that nobody is told of anything."""
    with pytest.raises(InvalidRules, match="does not exist: set ALERTS_FILE"):
        load_rules(tmp_path / "none.toml", MARTS)


MAIL = {"ALERT_SMTP_HOST": "mail", "ALERT_EMAIL_FROM": "a@b.c", "ALERT_EMAIL_TO": " d@e.f, g@h.i ,"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"ALERT_EMAIL_TO": "a@b.c"}, "ALERT_EMAIL_TO needs ALERT_SMTP_HOST"),
        ({"ALERT_SMTP_HOST": "mail"}, "ALERT_SMTP_HOST needs ALERT_EMAIL_FROM and ALERT_EMAIL_TO"),
        ({**MAIL, "ALERT_SMTP_PORT": "x"}, "ALERT_SMTP_PORT: expected a number, found 'x'"),
        ({**MAIL, "ALERT_SMTP_SECURITY": "ssl"}, "ALERT_SMTP_SECURITY: expected starttls, tls, none, found 'ssl'"),
    ],
)
def test_settings_that_contradict_are_an_error(settings: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidAlertSettings, match=says):
        alerting(settings)


def test_channels_come_from_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, nobody is told. A webhook's address is a secret, so an error does not show it."""
    monkeypatch.delenv("ALERT_WEBHOOK_URL", raising=False)
    assert alerting({}).channels == ()
    (mail,) = alerting(MAIL).channels
    assert (mail.name, mail.recipients, mail.port, mail.security) == ("mail", ("d@e.f", "g@h.i"), 587, "starttls")  # type: ignore[attr-defined]
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "ftp://secret-canary")
    with pytest.raises(InvalidAlertSettings) as raised:
        alerting({})
    assert "canary" not in str(raised.value)
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "https://secret-canary")
    found = alerting({"UI_URL": "http://ui/"})
    assert "canary" not in repr(found)
    assert found.link("/runs/1") == "http://ui/runs/1"
    assert alerting({}).link("/runs/1") == ""
