"""Channels: how a message reaches people: a webhook that takes Slack's posts, or e-mail by SMTP.

The address of a webhook and a password are secrets: no error and no log has them.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import requests

from resources.alerts.message import Message, email, slack_post

TIMEOUT_S = 8.0  # of one answer; a sensor's tick must end within a minute


class SendFailed(Exception):
    """A channel did not take a message; the message of the error says why, without any secret."""


class Channel(Protocol):
    """A way to tell people. `name` identifies it across restarts."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None:
        """Send a message. Raises `SendFailed`."""
        ...


class Security(StrEnum):
    """How the connection to an SMTP server is encrypted: after a greeting, from its begin, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class Webhook:
    """An address that takes posts in Slack's format."""

    url: str = field(repr=False)
    name: str = "webhook"

    def send(self, message: Message) -> None:
        try:
            answer = requests.post(self.url, json=slack_post(message), timeout=TIMEOUT_S, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:  # its text has the address
            raise SendFailed(f"webhook: {type(error).__name__}") from None
        if not answer.ok or answer.is_redirect:
            raise SendFailed(f"webhook: answered with status {answer.status_code}")


@dataclass(frozen=True)
class Mail:
    """Recipients of e-mail, and the SMTP server that takes it. Without a user nobody logs in."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    name: str = "mail"

    def send(self, message: Message) -> None:
        try:
            with self._connection() as server:
                if self.security is Security.STARTTLS:
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(email(message, self.sender, self.recipients))
        except smtplib.SMTPResponseException as error:
            raise SendFailed(f"mail: {type(error).__name__}, status {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise SendFailed(f"mail: {type(error).__name__}") from None

    def _connection(self) -> smtplib.SMTP:
        if self.security is Security.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
