"""Who buys and what is sold: customers, channels, devices and the catalogue of products, as columns of JSON text."""

from __future__ import annotations

import json
import unicodedata
from random import Random

import polars as pl

from simulate import dice

FIRST_NAMES = (
    "Ada Aisha Alejandro Amara Anna Ben Björn Carlos Chen Chloé Dana David Elena Emma Fatima Felix Grace Hana "
    "Hugo Ines Isaac Jack James José Julia Kai Karim Laura Leo Lina Lucas Lucía Maria Mark Mateo Maya Mei Mia "
    "Mohammed Nina Noah Nora Olga Oliver Omar Paul Priya Rosa Ruth Sam Sara Sofia Thomas Tomás Uma Viktor Wei "
    "Yara Yusuf Zoë"
)
LAST_NAMES = (
    "Adams Ahmed Andersson Baker Becker Bianchi Brown Carter Chen Clark Costa Davis Díaz Dubois Evans Fischer "
    "Garcia Green Haddad Hall Hansen Hughes Ivanova Jansen Johnson Jones Khan Kim King Kowalski Larsen Lee "
    "Lewis Lopez Martin Meyer Miller Moreau Müller Nguyen Novak O'Brien Okafor Patel Perez Petrov Quinn Rossi "
    "Sato Schmidt Silva Singh Smith Suzuki Tanaka Taylor Walker Weber Wilson Young"
)
COUNTRIES = ["US"] * 11 + ["DE", "FR", "ES", "GB", "CA"]
EURO_COUNTRIES = ("DE", "FR", "ES")
CURRENCIES = pl.Series(["EUR" if country in EURO_COUNTRIES else "USD" for country in COUNTRIES])
CHANNELS = pl.Series(
    ["direct"] * 4 + ["organic_search"] * 5 + ["paid_search"] * 3 + ["email"] + ["social"] * 2 + ["referral"]
)
DEVICES = pl.Series(["mobile"] * 9 + ["desktop"] * 6 + ["tablet"])

CATEGORIES = {
    "electronics": ("Headphones", "Charger", "Speaker", "Keyboard", "Webcam"),
    "clothing": ("T-Shirt", "Jacket", "Jeans", "Scarf", "Socks"),
    "home": ("Lamp", "Mug", "Blanket", "Vase", "Kettle"),
    "sports": ("Yoga Mat", "Bottle", "Racket", "Backpack", "Gloves"),
    "beauty": ("Soap", "Shampoo", "Lotion", "Brush", "Candle"),
}
QUALITIES = (
    "Basic",
    "Classic",
    "Compact",
    "Deluxe",
    "Eco",
    "Luxe",
    "Nordic",
    "Prime",
    "Pro",
    "Urban",
    "Vintage",
    "Zen",
)


def _catalogue() -> tuple[pl.Series, pl.Series]:
    """See `PRODUCTS` and `PRICES`."""
    prices = Random("catalogue")
    texts: list[str] = []
    cents: list[int] = []
    names = [(f"{q} {kind}", category) for category, kinds in CATEGORIES.items() for kind in kinds for q in QUALITIES]
    for number, (name, category) in enumerate(names, start=1):
        cents.append(prices.randrange(4, 150) * 100 + prices.choice((0, 49, 50, 95, 99, 99, 99)))
        product = {"id": f"P{number:04d}", "name": name, "category": category, "price": cents[-1] / 100}
        texts.append(f'{{"product":{json.dumps(product, separators=(",", ":"))},"quantity":')
    return pl.Series(texts), pl.Series(cents)


PRODUCTS, PRICES = _catalogue()
"""The same for every seed: the JSON text of an order's item up to its quantity, and the product's price in cents."""


def _ascii(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name).lower() if c.isascii() and c.isalpha())


FULL_NAMES = [(first, last) for first in FIRST_NAMES.split() for last in LAST_NAMES.split()]
EMAIL_STARTS = pl.Series([f'"email":"{_ascii(first)}.{_ascii(last)}' for first, last in FULL_NAMES])
NAME_MEMBERS = pl.Series([f'@example.com","first_name":"{first}","last_name":"{last}"' for first, last in FULL_NAMES])
COUNTRY_ENDS = pl.Series([f'"{country}"}}' for country in COUNTRIES])
ANONYMOUS = pl.lit('{"customer_id":null,"email":null,"first_name":null,"last_name":null,"country":')


def add_customer(sessions: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Add `customer` (JSON text) and `currency` to sessions with `key`, `person`, `bot` and `buys`.

    Bots are anonymous, and so are a tenth of the visits that buy nothing. In one session of twenty the customer's id is
    a number, not a string.
    """
    sessions = sessions.with_columns(customer_key=dice.key(seed, "people", "person"))
    digits, quote = (pl.col("person") + 100_000).cast(pl.String), pl.lit('"')
    known = pl.concat_str(
        pl.lit('{"customer_id":'),
        pl.when(dice.chance(0.05, "numeric id")).then(digits).otherwise(pl.concat_str(quote, digits, quote)),
        pl.lit(","),
        dice.pick(EMAIL_STARTS, "name", "customer_key"),
        pl.lit("."),
        digits,
        dice.pick(NAME_MEMBERS, "name", "customer_key"),
        pl.lit(',"country":'),
    )
    anonymous = pl.col("bot") | (dice.chance(0.1, "anonymous") & ~pl.col("buys"))
    country = dice.pick(COUNTRY_ENDS, "country", "customer_key")
    return sessions.with_columns(
        customer=pl.concat_str(pl.when(anonymous).then(ANONYMOUS).otherwise(known), country),
        currency=dice.pick(CURRENCIES, "country", "customer_key"),
    ).drop("customer_key")


def session_object() -> pl.Expr:
    """The record's `session` (JSON text): one channel and one device for each key."""
    channel = pl.when("invited").then(pl.lit("email")).otherwise(dice.pick(CHANNELS, "channel"))
    device = dice.pick(DEVICES, "device")
    return pl.concat_str(pl.lit('{"channel":"'), channel, pl.lit('","device":"'), device, pl.lit('"}'))
