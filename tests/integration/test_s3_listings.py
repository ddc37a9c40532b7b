"""Listings of many hours of a bucket: how many requests they cost, and that they miss nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import aws
import pytest
from aws import FaultyAws

from contracts.commerce import COMMERCE
from resources.landing.s3 import S3Landing

pytestmark = pytest.mark.integration
BUCKET = "landing"
HOURS = [dt.datetime(2024, 5, 1, hour, tzinfo=dt.UTC) for hour in range(4, 14)]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    with aws.moto() as cloud:
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        yield cloud


def put(cloud: FaultyAws, relative: str, content: bytes = b"x") -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key=f"in/commerce/{relative}", Body=content)


@pytest.mark.parametrize("page", [1000, 15, 5])
def test_listings_by_day_and_by_hour_are_the_same(
    cloud: FaultyAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """A day whose objects are one page is listed at once, which costs less. Layouts may differ in that."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", str(page))
    landing = S3Landing(BUCKET, "in", tmp_path / "scratch")
    for number, hour in enumerate(HOURS[1:]):
        put(cloud, f"{hour:%Y/%m/%d/%H}/{number}")
        put(cloud, f"{hour:year=%Y/month=%m/day=%d/hour=%H}/{number}")
        put(cloud, f"{hour:%Y/%m/%d/%H}/minute=30/{number}")
    put(cloud, "2024/05/01/stray")
    cloud.faults.requests.clear()
    found = landing.listings(COMMERCE, HOURS)
    assert len(cloud.faults.requests) == {1000: 2, 15: 12, 5: 22}[page]
    assert [listing.count for listing in found] == [0] + [3] * 9
    for listing in found:
        (alone,) = landing.listings(COMMERCE, [listing.hour])
        assert sorted(listing.make()) == sorted(alone.make())
        assert all(landed.arrival_hour == listing.hour for landed in listing.make())


def test_a_listings_digest_tells_every_change(cloud: FaultyAws, tmp_path: Path) -> None:
    """Of many hours and of one: an hour whose digest is the same is not compared with the ledger again."""
    landing = S3Landing(BUCKET, "in", tmp_path / "scratch")
    for hour in HOURS:
        put(cloud, f"{hour:%Y/%m/%d/%H}/a")
    for hours in (HOURS, [HOURS[3], HOURS[4]]):
        before = landing.listings(COMMERCE, hours)
        assert [one.digest for one in landing.listings(COMMERCE, hours)] == [one.digest for one in before]
        for name, content in (("a", str(hours).encode()), ("b", b"x")):
            put(cloud, f"{HOURS[3]:%Y/%m/%d/%H}/{len(hours)}{name}", content)
            after = landing.listings(COMMERCE, hours)
            differ = [one.hour for one, other in zip(before, after, strict=True) if one.digest != other.digest]
            assert differ == [HOURS[3]]
            before = after
