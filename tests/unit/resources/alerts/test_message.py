"""Texts of producers are shown as they are: they cannot format a post, mention anybody or add HTML."""

from __future__ import annotations

import datetime as dt
import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from resources.alerts.message import Message, aligned, email, slack_post

AT = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
EVIL = "<!channel> *x* <http://a|b> </td><script> & `y`"
texts = st.text(max_size=200)


def marked_up(post: dict) -> list[str]:
    """The texts that Slack takes for its markup."""
    inner = [text for block in post["blocks"] for text in (block.get("text"), *block.get("fields", ())) if text]
    return [post["text"], *(text["text"] for text in inner if text["type"] == "mrkdwn")]


def test_a_text_cannot_mention_anybody() -> None:
    post = slack_post(Message("1", AT, EVIL, EVIL, {EVIL: EVIL}, [[(EVIL, "n"), (EVIL, "1")]]))
    for text in marked_up(post):
        assert "<!channel>" not in text
        assert "<http" not in text
        assert "&lt;!channel&gt;" in text


@given(texts, texts, st.dictionaries(texts, texts, max_size=12))
def test_a_post_has_the_shape_that_slack_takes(title: str, text: str, facts: dict[str, str]) -> None:
    """A block that is too long, or empty, would make Slack refuse the whole post."""
    post = slack_post(
        Message("1", AT, f"Alert {title}", text * 30, facts, [[("a", "b"), (title, text)]], "http://ui/a>b|c")
    )
    json.dumps(post)
    for block in post["blocks"]:
        for part in filter(None, (block.get("text"), *block.get("fields", ()))):
            assert 0 < len(part["text"]) <= (150 if block["type"] == "header" else 3000)
        assert len(block.get("fields", ())) <= 10
    assert len(post["blocks"]) <= 50


@given(texts, texts)
def test_a_mail_has_one_subject_and_no_tags_of_others(title: str, text: str) -> None:
    """Line ends in a title would begin another header."""
    mail = email(
        Message("1", AT, f"Alert {title}\r\nBcc: a@b.c", text, {title: text}), "a@example.com", ["b@example.com"]
    )
    sent = mail.as_bytes()
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in sent.partition(b"\n\n")[0]
    body = mail.get_body(("html",))
    assert body is not None
    tags: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.add(tag)  # type: ignore[method-assign]
    parser.feed(body.get_content())
    assert tags <= {"h3", "p", "table", "tr", "th", "td"}


def test_columns_of_a_table_are_aligned() -> None:
    """A phone shows it in a fixed width."""
    assert aligned([("stream", "landed"), ("web", "12")]) == ["stream  landed", "web         12"]
    assert aligned([]) == []
