"""How the expressions of a list of bots become texts that every warehouse can look for."""

from __future__ import annotations

import pytest

from scripts.bot_patterns import shortest, texts_of


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"Googlebot\/", {"Googlebot/"}),
        (r"[wW]get", {"wget", "Wget"}),
        (r"^curl", {"^curl"}),
        (r"(^| )sentry\/", {"^sentry/", " sentry/"}),
        (r"Ahrefs(Bot|SiteAudit)", {"AhrefsBot", "AhrefsSiteAudit"}),
        (r"Chirp|gotosocial", {"Chirp", "gotosocial"}),
        (r"Current[\s\S]*RSS Reader", {"RSS Reader"}),
    ],
)
def test_an_expression_becomes_the_texts_that_it_finds(pattern: str, texts: set[str]) -> None:
    assert texts_of(pattern) == texts


def test_a_text_that_contains_another_finds_nothing_more() -> None:
    assert list(shortest(["Googlebot/", "bot/", "curl", "^curl"])) == ["bot/", "curl"]
