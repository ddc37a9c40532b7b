"""Who buys and what is sold: customers, devices, channels and the catalogue.

Vocabulary of records belongs here, as columns of JSON text; neither times nor orders do.
"""

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
EURO = ("DE", "FR", "ES")
CURRENCIES = pl.Series(["EUR" if country in EURO else "USD" for country in COUNTRIES])
CHANNELS = pl.Series(
    ["direct"] * 4 + ["organic_search"] * 5 + ["paid_search"] * 3 + ["email"] * 2 + ["social"] * 2 + ["referral"]
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
"""The same goods for every seed: an item's JSON text up to its quantity, and its price in cents."""


def _ascii(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name).lower() if c.isascii() and c.isalpha())


NAMES = [(first, last) for first in FIRST_NAMES.split() for last in LAST_NAMES.split()]
EMAILS = pl.Series([f'"email":"{_ascii(first)}.{_ascii(last)}' for first, last in NAMES])
FULL_NAMES = pl.Series([f'@example.com","first_name":"{first}","last_name":"{last}"' for first, last in NAMES])
ENDINGS = pl.Series([f'"{country}"}}' for country in COUNTRIES])
NOBODY = pl.lit('{"customer_id":null,"email":null,"first_name":null,"last_name":null,"country":')


def with_customer(frame: pl.DataFrame, pool: int, seed: int) -> pl.DataFrame:
    """Adds `customer` (JSON), `user` (their id) and `currency` to rows that have a `key` and `buys`.

    A few people come often, most of them seldom. A tenth of the visits that buy nothing is anonymous. One producer in
    twenty sends the id as a number.
    """
    number = (dice.uniform("customer") ** 2 * pool).cast(pl.UInt64) + 100_000
    frame = frame.with_columns(number=number).with_columns(person=dice.key(seed, "people", "number"))
    digits, quote = pl.col("number").cast(pl.String), pl.lit('"')
    known = pl.concat_str(
        pl.lit('{"customer_id":'),
        pl.when(dice.chance(0.05, "numeric id")).then(digits).otherwise(pl.concat_str(quote, digits, quote)),
        pl.lit(","),
        dice.pick(EMAILS, "name", "person"),
        pl.lit("."),
        digits,
        dice.pick(FULL_NAMES, "name", "person"),
        pl.lit(',"country":'),
    )
    anonymous = dice.chance(0.1, "anonymous") & ~pl.col("buys")
    country = dice.pick(ENDINGS, "country", "person")
    return frame.with_columns(
        user=pl.when(~anonymous).then(digits),
        customer=pl.concat_str(pl.when(anonymous).then(NOBODY).otherwise(known), country),
        currency=dice.pick(CURRENCIES, "country", "person"),
    ).drop("number", "person")


def visit() -> pl.Expr:
    """The record's `session` (JSON): one channel and one device for each key."""
    channel, device = dice.pick(CHANNELS, "channel"), dice.pick(DEVICES, "device")
    return pl.concat_str(pl.lit('{"channel":"'), channel, pl.lit('","device":"'), device, pl.lit('"}'))
