"""Who causes an event: the person, whether they are logged in, and the ids of their browser or phone."""

from __future__ import annotations

import polars as pl

from simulate import dice, site
from simulate.plan import Plan
from simulate.snowplow.vocabulary import SERVER, WEB, kind_attribute

LOGINS = pl.Series([0, 0, 1, 2, 9])  # the the event at which a person with an account logs in; 9 is never or late


def add_visitors(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """Add `platform`, `browser` (the key of the visitor's browser), `user`, `visit` (the session) and ids.

    Ids are `domain` (the browser's own), `install` (the app's own) and `network` (the collector's cookie). The app,
    bots except one, and some browsers keep no cookie, so that `network` differs in every request and identifies nobody;
    such a browser has no `domain` either. A few people use another person's device. Events of servers are about
    customers and know no device.
    """
    platform, person = pl.col("platform"), pl.col("person")
    neighbour = person + 1 - person % 2 * 2
    owner = pl.when(dice.chance(0.03, "borrowed") & ~pl.col("bot")).then(neighbour).otherwise(person)
    rows = events.with_columns(
        platform=kind_attribute("platform"), device=owner * 2 + dice.chance(0.1, "other device").cast(pl.Int64)
    )
    keys = {kind: site.device_key(plan, kind, "device") for kind in ("browser", "phone", "cookie")}
    rows = rows.with_columns(**keys, request=dice.roll("request", "id"))
    known = ~pl.col("bot") & site.has_account(person) & (pl.col("ordinal") >= dice.pick(LOGINS, "login"))
    cookieless = pl.when("bot").then(person > 0).otherwise(dice.chance(0.05, "cookieless"))
    ids = pl.DataFrame({name: dice.uuids(rows, name) for name in ("browser", "cookie", "phone", "key", "request")})
    ids = ids.rename({"browser": "domain", "phone": "install", "key": "visit"})
    rows = rows.drop("phone", "cookie", "request").hstack(ids)
    return rows.with_columns(
        user=pl.when(known | (platform == SERVER)).then(site.user_id(person)),
        domain=pl.when((platform == WEB) & ~cookieless).then("domain"),
        network=pl.when((platform == WEB) & ~cookieless).then("cookie").when(platform != SERVER).then("request"),
    )
