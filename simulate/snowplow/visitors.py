"""Who causes a tracker's event: the person, whether they are logged in, and the ids of their browser or phone.

Ids and times of day belong here; what the event says does not.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, site
from simulate.plan import Plan
from simulate.snowplow.vocabulary import MOBILE, SERVER, WEB, of_kind

LOGINS = pl.Series([0, 0, 1, 9, 9])  # the event of a visit at which somebody with an account logs in, if ever


def with_visitors(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """Adds `platform`, `number` (of the person), `device` and `browser` (its number and key), `user`, and the ids.

    Those are `domain` on the web, `phone` in the app, `anonymous`, which is one of them, `visit` (the session's), and
    `network`, the collector's cookie. A client that keeps none, as the app and some browsers do, has another one in
    every request, so that it is nobody's id; such a browser is unknown. Now and then somebody uses another's device.
    What a server tells is of customers, and knows no device.
    """
    visitor = site.visitor(plan)
    platform = pl.col("platform")
    rows = events.with_columns(platform=of_kind("platform")).with_columns(
        number=pl.when(platform == SERVER).then(site.customer(visitor)).otherwise(visitor)
    )
    number = pl.col("number")
    neighbour = number + 1 - number % 2 * 2
    owner = pl.when(dice.chance(0.03, "borrowed")).then(neighbour).otherwise(number)
    rows = rows.with_columns(device=owner * 2 + dice.below(2, "device").cast(pl.Int64))
    rows = rows.with_columns(browser=site.device(plan, "browser", "device"), phone=site.device(plan, "phone", "device"))
    rows = rows.with_columns(cookie=site.device(plan, "cookie", "device"), request=dice.roll("request", "id"))
    known = site.has_account(number) & (pl.col("ordinal") >= dice.pick(LOGINS, "login"))
    cookieless = dice.chance(0.05, "cookieless")
    ids = pl.DataFrame({name: dice.uuids(rows, name) for name in ("browser", "cookie", "phone", "key", "request")})
    ids = ids.rename({"browser": "domain", "phone": "install", "key": "visit"})
    rows = rows.drop("phone", "cookie", "request").hstack(ids)
    return rows.with_columns(
        user=pl.when(known | (platform == SERVER)).then(site.user_id(number)),
        domain=pl.when((platform == WEB) & ~cookieless).then("domain"),
        network=pl.when((platform == WEB) & ~cookieless).then("cookie").when(platform != SERVER).then("request"),
        phone=pl.when(platform == MOBILE).then("install"),
    ).with_columns(anonymous=pl.coalesce("domain", "phone"))
