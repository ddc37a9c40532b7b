"""Printable: texts from records and file names, as they can be shown and stored anywhere."""

from __future__ import annotations

SHOWN_LENGTH = 200


def printable(sent: str) -> str:
    """A text that a producer sent, cut to 200 characters, with unprintable characters escaped."""
    text = sent if len(sent) <= SHOWN_LENGTH else sent[: SHOWN_LENGTH - 3] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
