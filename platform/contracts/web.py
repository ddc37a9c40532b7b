"""The web stream: what members of the community site do, from Kafka."""

from __future__ import annotations

import polars as pl

from contracts.stream import Envelope, Instant, JsonConcatenated, KafkaRecord, Personal, Stream, column

_HANDHELD, _DESKTOP = ["android", "ios"], ["windows", "macos", "linux"]


class WebEvent(Envelope):
    """One row per activity of a member."""

    event_name: str = column("event_type", nullable=False, description="post, like, comment, ...")
    event_at: Instant = column(("occurred_at", "timestamp"), nullable=False, description="When it happened, UTC")
    user_id: str = column("user_id", personal=Personal.HASH_EMAILS, nullable=False, description="The member")
    session_id: str = column("session_id", description="The visit it belongs to")
    device_platform: str = column(
        compute=pl.coalesce(
            pl.col("device").str.to_lowercase(),
            pl.when(pl.col("platform").str.to_lowercase().is_in(_HANDHELD)).then(pl.lit("mobile")),
            pl.when(pl.col("platform").str.to_lowercase().is_in(_DESKTOP)).then(pl.lit("desktop")),
        ),
        description="desktop, mobile or tablet, by the device, else by the operating system",
    )
    description: str = column("description", free_text=True, description="What happened, in the site's words")
    entity_type: str = column("entity_type", description="The kind of thing that was acted on")
    entity_id: str = column("entity_id", description="The thing that was acted on")
    username: str = column("username", personal=Personal.HASH, description="Keyed hash of the member's name")
    device: str = column("props.device", description="Desktop, Mobile or Tablet, as sent")
    browser: str = column("props.browser", description="Name of the browser")
    platform: str = column("props.platform", description="Operating system, as sent")
    request_method: str = column("request.method", description="HTTP method of the request behind it")
    request_path: str = column("request.path", description="Path of the request behind it")


WEB = Stream(
    name="web",
    version="2.0.1",
    owner="team:community",
    description="Activity of the community site's members",
    identity_space="community",
    model=WebEvent,
    decoding=(JsonConcatenated(),),
    wrapper=KafkaRecord(),
    topic="event",
    literals=("props", "props.geo_location"),
    dropped={
        "props.ip_address": Personal.DROP,
        "props.geo_location": Personal.DROP,
        "request.ip_address": Personal.DROP,
    },
)
