"""The job `report` on a platform with a release of gold: what people get in the morning, and when a server is dead."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from driving import Platform

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))  # the servers are those of the unit tests

from local_servers import Chat, Mailbox, chat_server, mail_server

from assets import report

pytestmark = pytest.mark.integration


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Chat, Mailbox]]:
    with chat_server() as chat, mail_server() as mailbox:
        settings = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mailbox.port), "SMTP_SECURITY": "none"}
        settings |= {"WEBHOOK_URL": chat.url, "EMAIL_FROM": "p@example.com", "EMAIL_TO": "a@example.com"}
        for name, value in settings.items():
            monkeypatch.setenv(f"ALERT_{name}", value)
        yield chat, mailbox


def test_the_report_tells_of_the_day(
    calm: Platform, servers: tuple[Chat, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures of gold and counts of the lake. A channel that is dead fails the run, after the others were told."""
    chat, mailbox = servers
    day = calm.hours[-1].date()
    monkeypatch.setattr(report, "last_finished_day", lambda _: day)
    chat.status = 500
    run = calm.run("report", {}, {}, check=False)
    assert not run.success
    text = body(mailbox)
    assert "people active" in text
    landed = sum(
        int(told["dagster/partition_row_count"])  # type: ignore[call-overload]
        for (asset, hour), told in calm.materializations(calm.instance.get_runs()[-1]).items()
        if asset == "bronze/commerce" and (hour or "").startswith(f"{day}")
    )
    (line,) = [line.split() for line in text.splitlines() if line.startswith("commerce ")]
    assert line[1] == f"{landed:,}"
    assert chat.posts == []
    chat.status = 200
    assert calm.run("report", {}, {}).success
    assert f"{day:%A, %Y-%m-%d}" in chat.posts[0]["text"]


def test_a_new_platform_can_be_reported(
    make_platform: Any, servers: tuple[Chat, Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything has landed, and without anybody to tell."""
    place: Platform = make_platform("unreported")
    assert place.run("report", {}, {}).success
    assert "commerce          0" in body(servers[1])
    for name in ("ALERT_WEBHOOK_URL", "ALERT_SMTP_HOST", "ALERT_EMAIL_TO"):
        monkeypatch.delenv(name)
    run = place.run("report", {}, {})
    (output,) = run.filter_events(lambda event: event.is_successful_output)
    table = output.step_output_data.metadata["streams"]
    assert isinstance(table, dg.TableMetadataValue)
    assert {record.data["landed"] for record in table.records} == {"0"}


def body(mailbox: Mailbox) -> str:
    """The plain text of the last mail."""
    part = mailbox.mail[-1].get_body(("plain",))
    assert part is not None
    return str(part.get_content())
