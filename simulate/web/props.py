"""The `props` of web records: the member's place, IP address and device.

They are a JSON object, or a string that holds the text of a Python dict, as one producer sends them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product

import polars as pl

from simulate import dice

DEVICES = ("Mobile", "Tablet", "Desktop", "")
BROWSERS = ("Chrome", "Firefox", "Safari", "Edge")
PLATFORMS = ("Linux", "MacOS", "Windows", "Android", "iOS")
CITIES = (("Paris", "FR", 48.85), ("L'Aquila", "IT", 42.35), ("São Paulo", "BR", -23.55), ("Oslo", "NO", 59.91))
PLACES = [{"city": city, "country": country, "lat": lat, "accuracy": None} for city, country, lat in CITIES]
GEO_LOCATIONS: list[object] = ["", *PLACES, *map(repr, PLACES)]
CLIENTS = [
    {"device": device, "browser": browser, "platform": platform}
    for device, browser, platform in product(DEVICES, BROWSERS, PLATFORMS)
]
CRAWLER = {"device": "", "browser": "HeadlessChrome", "platform": "Linux"}
ADDRESS = "@"  # stands for the IP address


def _halves(props: Mapping[str, object], literal: bool) -> tuple[str, str]:
    """The JSON text of props before and after the address. `literal`: as the text of a Python dict."""
    whole = json.dumps(repr(props) if literal else props, ensure_ascii=False, separators=(",", ":"))
    before, after = whole.split(ADDRESS)
    return before, after


def _heads(literal: bool) -> list[str]:
    return [_halves({"geo_location": place, "ip_address": ADDRESS}, literal)[0] for place in GEO_LOCATIONS]


def _tails(literal: bool) -> list[str]:
    return [_halves({"ip_address": ADDRESS, **client}, literal)[1] for client in (*CLIENTS, CRAWLER)]


HEADS = pl.Series(_heads(False) + _heads(True))
TAILS = pl.Series(_tails(False) + _tails(True))


def props(ip: str) -> pl.Expr:
    """The JSON value of `props` for each `key`. `ip` is the column of IP addresses, `bot` says whether a bot comes."""
    literal = dice.chance(0.1, "literal props").cast(pl.Int64)
    place = dice.below(len(GEO_LOCATIONS), "place").cast(pl.Int64) * dice.chance(0.4, "is placed").cast(pl.Int64)
    client = pl.when("bot").then(len(CLIENTS)).otherwise(dice.below(len(CLIENTS), "visit").cast(pl.Int64))
    head = pl.lit(HEADS).gather(literal * len(GEO_LOCATIONS) + place)
    return pl.concat_str(head, ip, pl.lit(TAILS).gather(literal * (len(CLIENTS) + 1) + client))
