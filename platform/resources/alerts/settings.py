"""Settings of alerts: where the rules are, and whom to tell.

Belongs here: turning settings into channels. Not here: reading the environment (`resources.environment`), which gives
the settings; only `dg.EnvVar` reads secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg

from resources import dbt
from resources.alerts.channels import Channel, Mail, Security, Webhook
from resources.alerts.rules import Rules, load_rules

DEFAULT_FILE = Path(__file__).resolve().parents[3] / "alerts.toml"
ALERT_SETTINGS = (
    *("ALERTS_FILE", "ALERT_WEBHOOK_URL", "ALERT_SMTP_HOST", "ALERT_SMTP_PORT", "ALERT_SMTP_SECURITY"),
    *("ALERT_SMTP_USER", "ALERT_SMTP_PASSWORD", "ALERT_EMAIL_FROM", "ALERT_EMAIL_TO", "UI_URL"),
)


class InvalidAlertSettings(Exception):
    """Settings of alerts contradict each other, or one is not what it should be; the message names it."""


@dataclass(frozen=True)
class Alerting:
    """The file of rules, the channels that are set, and the address of Dagster's UI (or nothing)."""

    file: Path
    channels: tuple[Channel, ...]
    ui_url: str = ""

    @cached_property
    def rules(self) -> Rules:
        """The rules. Raises `InvalidRules`."""
        return load_rules(self.file, dbt.marts(dbt.output("local")))

    def link(self, path: str) -> str:
        """The address of a page of the UI, if its address is known."""
        return f"{self.ui_url.rstrip('/')}{path}" if self.ui_url and path else ""


def alerting(settings: Mapping[str, str]) -> Alerting:
    """What the settings say. Raises `InvalidAlertSettings`."""
    channels: list[Channel] = []
    if url := dg.EnvVar("ALERT_WEBHOOK_URL").get_value():
        if not url.startswith(("https://", "http://")):
            raise InvalidAlertSettings("ALERT_WEBHOOK_URL: expected an address that begins with https://")
        channels.append(Webhook(url))
    if settings.get("ALERT_SMTP_HOST"):
        channels.append(_mail(settings))
    elif settings.get("ALERT_EMAIL_TO"):
        raise InvalidAlertSettings("ALERT_EMAIL_TO needs ALERT_SMTP_HOST: nobody would send the mail")
    return Alerting(Path(settings.get("ALERTS_FILE") or DEFAULT_FILE), tuple(channels), settings.get("UI_URL", ""))


def _mail(settings: Mapping[str, str]) -> Mail:
    recipients = tuple(filter(None, (part.strip() for part in settings.get("ALERT_EMAIL_TO", "").split(","))))
    sender = settings.get("ALERT_EMAIL_FROM", "")
    if not recipients or not sender:
        raise InvalidAlertSettings("ALERT_SMTP_HOST needs ALERT_EMAIL_FROM and ALERT_EMAIL_TO")
    port, security = settings.get("ALERT_SMTP_PORT") or "587", settings.get("ALERT_SMTP_SECURITY") or "starttls"
    if not port.isdecimal():
        raise InvalidAlertSettings(f"ALERT_SMTP_PORT: expected a number, found {port!r}")
    if security not in (*Security,):
        raise InvalidAlertSettings(f"ALERT_SMTP_SECURITY: expected {', '.join(Security)}, found {security!r}")
    password = dg.EnvVar("ALERT_SMTP_PASSWORD").get_value() or ""
    user = settings.get("ALERT_SMTP_USER", "")
    return Mail(settings["ALERT_SMTP_HOST"], int(port), sender, recipients, Security(security), user, password)
