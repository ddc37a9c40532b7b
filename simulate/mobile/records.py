"""The JSON text of mobile records, a column at a time.

How a record is written belongs here: names and order of fields, and the many ways in which its producers write the
same thing.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simulate import dice, text
from simulate.mobile.journeys import JOURNEYS
from simulate.plan import Plan


def _quoted(step: str) -> str | None:
    return f'"{step}"' if step else None


SYSTEMS = pl.Series(["Linux_Ubuntu_22.04", *["Android_13"] * 3, *["iOS_16"] * 2, "Windows_11", "macOS_Monterey"])
PLACES = (
    ("Tijuana", 32_514900, -117_038200),
    ("Monterrey", 25_686600, -100_316100),
    ("Guadalajara", 20_659700, -103_349600),
    ("Mexico City", 19_432600, -99_133200),
    ("Mérida", 20_967400, -89_592600),
)  # latitude and longitude in millionths of a degree
CITIES = pl.Series([_quoted(city) for city, _, _ in PLACES])
LATITUDES = pl.Series([latitude for _, latitude, _ in PLACES])
LONGITUDES = pl.Series([longitude for _, _, longitude in PLACES])
PAYMENTS = pl.Series(['"OXXO Pay"', '"PayPal"', '"Credit_card"', '"Spei"'])
NULLS = pl.Series([*['"Null"'] * 7, "null", '""'])
SEPARATORS = pl.Series([" "] * 3 + ["T"])
AROUND = 100_000  # millionths of a degree: how far a position lies from the middle of its city, at most
SCRAMBLE = 616_318_177  # odd and no multiple of 5: a permutation of the numbers below AROUND squared

STEPS = [pl.Series([_quoted(journey.steps[place]) for journey in JOURNEYS]) for place in range(4)]
ORDER_TYPES = [journey.order_type for journey in JOURNEYS]
STATUSES = [journey.status for journey in JOURNEYS]
ORDERS = pl.Series([journey.order_type != "USER_VISIT" for journey in JOURNEYS])
CONVERTS = pl.Series([journey.converts for journey in JOURNEYS])

RECORD = (
    '{"USER_ID":"<user>","INITIAL_EVENT":<step_0>,"EVENT_2":<step_1>,"EVENT_3":<step_2>,"EVENT_OUT":<step_3>,'
    '"OS_USER":"<system>","CITY":<city>,"LATITUDE":<latitude>,"LONGITUDE":<longitude>,"ORDER_TYPE":"<order_type>",'
    '"STATUS":"<status>","PAYMENT_METHOD":<payment>,"CREATED_AT":"<created>","HOURLY_PURCHASE_COUNT":<hourly>,'
    '"DAILY_PURCHASE_COUNT":<daily>}'
)


def written(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """See `visits.Visits`; a journey is one event, and every record differs from every other."""
    number = (dice.uniform("user") ** 2 * plan.pool).cast(pl.Int64)
    rows = events.with_columns(number=number, null=dice.pick(NULLS, "null"), serial=_serial())
    rows = rows.with_columns(person=dice.key(plan.seed, "app user", "number"))
    rows = rows.with_columns(place=dice.below(len(PLACES), "city", "person"))
    ordered = pl.lit(ORDERS).gather("event")
    rows = rows.with_columns(
        *(_or_null(pl.lit(texts).gather("event")).alias(f"step_{place}") for place, texts in enumerate(STEPS)),
        user=_user_ids(rows),
        system=dice.pick(SYSTEMS, "system", "person"),
        city=_or_null(pl.when(~dice.chance(0.03, "no city")).then(pl.lit(CITIES).gather("place"))),
        latitude=_number(_degrees(pl.lit(LATITUDES).gather("place"), pl.col("serial") % AROUND), "latitude"),
        longitude=_number(_degrees(pl.lit(LONGITUDES).gather("place"), pl.col("serial") // AROUND), "longitude"),
        order_type=_any_case(ORDER_TYPES, "type's case"),
        status=_any_case(STATUSES, "status' case"),
        payment=_or_null(pl.when(ordered).then(dice.pick(PAYMENTS, "payment"))),
        created=_created(rows),
        hourly=_or_null(pl.when(ordered).then(_number(1 + dice.below(2, "hourly"), "hourly"))),
        daily=_number(2 + dice.below(3, "daily"), "daily"),
    )
    return rows.select(
        "at",
        "event",
        "user",
        anonymous=pl.lit(None, dtype=pl.String),
        cents=pl.when(pl.lit(CONVERTS).gather("event")).then(pl.lit(0)),
        currency=pl.lit(None, dtype=pl.String),
        line=text.filled(RECORD),
    )


def _serial() -> pl.Expr:
    # Producers give no id and the time to the second: only the exact position tells two journeys apart.
    counted = (pl.col("hour") * (1 << 24) + pl.col("index")) % AROUND**2
    return counted * SCRAMBLE % AROUND**2


def _user_ids(rows: pl.DataFrame) -> pl.Series:
    return dice.hexadecimal(rows["person"]).str.slice(0, 10)


def _created(rows: pl.DataFrame) -> pl.Series:
    stamps = text.timestamps(rows["at"], dice.pick(SEPARATORS, "separator"), pl.lit(""), rows.select("key"))
    return stamps.str.slice(0, len("2026-01-01 00:00:00"))


def _or_null(texts: pl.Expr) -> pl.Expr:
    return pl.coalesce(texts, "null")


def _number(digits: pl.Expr, purpose: str) -> pl.Expr:
    quoted = pl.concat_str(pl.lit('"'), digits, pl.lit('"'))
    return pl.when(dice.chance(0.1, f"{purpose} as text")).then(quoted).otherwise(digits.cast(pl.String))


def _degrees(middle: pl.Expr, offset: pl.Expr) -> pl.Expr:
    """Millionths of a degree as a decimal number."""
    millionths = middle + offset
    size = millionths.abs()
    sign = pl.when(millionths < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (size % 1_000_000 + 1_000_000).cast(pl.String).str.slice(1)
    # A last digit other than 0, so that the number is the same however often it is read and written.
    return pl.concat_str(sign, size // 1_000_000, pl.lit("."), fraction, pl.lit("1"))


def _any_case(texts: Iterable[str], purpose: str) -> pl.Expr:
    forms = pl.Series([form for text in texts for form in (text, text, text.lower(), text.capitalize())])
    return pl.lit(forms).gather(pl.col("event") * 4 + dice.below(4, purpose).cast(pl.Int64))
