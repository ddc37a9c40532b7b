"""Messages: what people are told, as a post in Slack's format and as an e-mail.

Texts come from producers and from errors, so no text can format a message, mention anybody or add a header.

Belongs here: a message and its two forms. Not here: sending (`channels`), what is worth a message (`sensors.alerts`,
`assets.report`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any

DOMAIN = "event-analytics-platform"  # of message ids, which need one
LONGEST_TITLE, LONGEST_TEXT, LONGEST_FACT = 150, 2900, 1900  # Slack's limits, less the marks that say what was cut


Table = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Message:
    """A message. `id` is the same whenever it is sent again. `thread`: the id of the message that this one follows.

    `facts` are short texts by label; a table has rows of texts, the first one with the names of the columns.
    """

    id: str
    at: dt.datetime
    title: str
    text: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    link: str = ""
    thread: str = ""


def slack_post(message: Message) -> dict[str, Any]:
    """The JSON of a post, as Slack and programs like it take it: blocks, and a text for notifications."""
    title = _cut(_line(message.title), LONGEST_TITLE)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(title)}]
    if message.text:
        blocks.append({"type": "section", "text": _plain(_cut(message.text, LONGEST_TEXT))})
    if message.facts:
        facts = [f"*{_escaped(name)}*\n{_escaped(_cut(value, LONGEST_FACT))}" for name, value in message.facts.items()]
        blocks.append({"type": "section", "fields": [{"type": "mrkdwn", "text": fact} for fact in facts[:10]]})
    blocks += [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"```{_escaped(part)}```"}}
        for table in message.tables
        for part in _pages(aligned(table), LONGEST_TEXT // 2)
    ]
    if message.link:
        url = message.link.replace("|", "%7C").replace(">", "%3E")
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{_escaped(url)}|Open in Dagster>"}})
    blocks.append({"type": "context", "elements": [_plain(f"{message.at:%Y-%m-%d %H:%M} UTC, {message.id}")]})
    return {"text": _escaped(title), "blocks": blocks}


def email(message: Message, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The message as an e-mail, as plain text and as HTML."""
    mail = EmailMessage()
    mail["Subject"] = _cut(_line(message.title), LONGEST_TITLE)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{DOMAIN}>"
    if message.thread:
        mail["In-Reply-To"] = mail["References"] = f"<{message.thread}@{DOMAIN}>"
    facts = "\n".join(f"{name}: {value}" for name, value in message.facts.items())
    tables = ("\n".join(aligned(table)) for table in message.tables)
    parts = (message.text, facts, *tables, message.link)
    mail.set_content("\n\n".join(part for part in parts if part) + "\n")
    mail.add_alternative(_html(message), subtype="html")
    return mail


def aligned(table: Table) -> list[str]:
    """A table's rows as lines of one width: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _html(message: Message) -> str:
    facts = "".join(
        f"<tr><th align=left>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in message.facts.items()
    )
    parts = (
        f"<h3>{escape(_line(message.title))}</h3>",
        f"<p style='white-space:pre-wrap'>{escape(message.text)}</p>" if message.text else "",
        f"<table>{facts}</table>" if facts else "",
        *map(_html_table, message.tables),
        f"<p><a href='{escape(message.link)}'>Open in Dagster</a></p>" if message.link else "",
    )
    return "".join(parts)


def _html_table(table: Table) -> str:
    head, *rows = table
    names = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    cells = (
        "".join(f"<td align={'right' if n else 'left'}>{escape(c)}</td>" for n, c in enumerate(row)) for row in rows
    )
    return f"<table cellpadding=4><tr>{names}</tr>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _plain(text: str) -> dict[str, Any]:
    """A text object that Slack shows as it is."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _escaped(text: str) -> str:
    """A text within Slack's markup: no link, no mention, no style."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.translate({ord(mark): f"\u200b{mark}" for mark in "*_~`"})


def _line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _pages(lines: Sequence[str], longest: int) -> list[str]:
    """Lines joined to texts of a bounded length."""
    pages: list[str] = []
    for line in lines:
        if pages and len(pages[-1]) + len(line) < longest:
            pages[-1] += f"\n{line}"
        else:
            pages.append(_cut(line, longest))
    return pages
