"""Groups of channels by Google Analytics 4's rules, with its regular expressions."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

SEED = Path(__file__).resolve().parents[3] / "dbt" / "seeds" / "source_categories.csv"
PAID = "^(.*cp.*|ppc|retargeting|paid.*)$"
SHOP = "^(.*(([^a-df-z]|^)shop|shopping).*)$"
EMAIL = ("email", "e-mail", "e_mail", "e mail")
DISPLAY = ("display", "banner", "expandable", "interstitial", "cpm")
SOCIAL = ("social", "social-network", "social-media", "sm", "social network", "social media")


@cache
def _categories() -> dict[str, str]:
    with SEED.open(newline="") as file:
        return {row["source"]: row["category"] for row in csv.DictReader(file)}


def channel_group(source: str | None, medium: str | None, campaign: str | None) -> str:
    """The first rule that fits."""
    source, medium, campaign = (source or "").lower(), (medium or "").lower(), (campaign or "").lower()
    if source in ("", "(direct)") and medium in ("", "(none)", "(not set)"):
        return "Direct"
    if "cross-network" in campaign:
        return "Cross-network"
    kind = _categories().get(source)
    if re.match(SHOP, campaign):
        kind = "shopping"
    if re.match(PAID, medium):
        if kind:
            return f"Paid {kind.title()}"
        return "Display" if medium in DISPLAY else "Paid Other"
    return _unpaid(source, medium, kind)


def _unpaid(source: str, medium: str, kind: str | None) -> str:
    rules = {
        "Display": medium in DISPLAY,
        "Organic Shopping": kind == "shopping",
        "Organic Social": kind == "social" or medium in SOCIAL,
        "Organic Video": kind == "video" or "video" in medium,
        "Organic Search": kind == "search" or medium in ("organic", "search"),
        "Referral": medium in ("referral", "app", "link", "unknown"),
        "Email": source in EMAIL or medium in EMAIL,
        "Affiliates": medium == "affiliate",
        "Audio": medium == "audio",
        "SMS": "sms" in (source, medium),
        "Mobile Push Notifications": bool(re.search("push$|mobile|notification", medium)) or source == "firebase",
    }
    return next((group for group, fits in rules.items() if fits), "Unassigned")
