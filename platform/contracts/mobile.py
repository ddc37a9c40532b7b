"""The mobile stream: journeys of the app's users, each with up to four steps and perhaps an order."""

from __future__ import annotations

import polars as pl

from contracts.stream import Csv, Envelope, Instant, JsonConcatenated, Stream, column

_DESKTOP = r"(?i)^(windows|macos|linux|chromeos)"
PRODUCER_COUNTS = ("HOURLY_PURCHASE_COUNT", "DAILY_PURCHASE_COUNT")  # they also count visits, so nobody uses them


class MobileJourney(Envelope):
    """One row per journey; gold makes one event of each step."""

    event_at: Instant = column("CREATED_AT", nullable=False, description="When the journey was recorded, UTC")
    user_id: str = column("USER_ID", nullable=False, description="The app's id of the user")
    device_platform: str = column(
        compute=pl.when(pl.col("os_user").str.contains(_DESKTOP))
        .then(pl.lit("desktop"))
        .when(pl.col("os_user").is_not_null())
        .then(pl.lit("mobile")),
        description="mobile, or desktop by the operating system",
    )
    initial_event: str = column("INITIAL_EVENT", nullable=False, description="The first step")
    event_2: str = column("EVENT_2", description="The second step")
    event_3: str = column("EVENT_3", description="The third step")
    event_out: str = column("EVENT_OUT", description="The last step")
    os_user: str = column("OS_USER", description="Operating system and its version")
    city: str = column("CITY", description="City of the user")
    latitude: float = column("LATITUDE", ge=-90, le=90, description="Latitude of the city, degrees")
    longitude: float = column("LONGITUDE", ge=-180, le=180, description="Longitude of the city, degrees")
    order_type: str = column("ORDER_TYPE", nullable=False, description="PURCHASE, USER_VISIT, online, ...")
    status: str = column("STATUS", nullable=False, description="COMPLETED, UNCONVERTED, FAILED_CHECKOUT, ..., any case")
    payment_method: str = column("PAYMENT_METHOD", description="What was paid with")


MOBILE = Stream(
    name="mobile",
    version="2.0.1",
    owner="team:mobile",
    description="Journeys of the app's users, each with up to four steps and perhaps an order",
    identity_space="app",
    model=MobileJourney,
    decoding=(
        Csv(("USER_ID", "INITIAL_EVENT", "EVENT_OUT", "ORDER_TYPE", "STATUS", "CREATED_AT")),
        JsonConcatenated(),
    ),
    nulls=("", "Null"),
    ignored=PRODUCER_COUNTS,
)
