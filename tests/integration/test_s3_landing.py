"""A bucket as the landing zone, through the real client: listing and reading, also while S3 fails."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws
import pytest
from aws import FaultyAws

from contracts.commerce import COMMERCE
from events.compression import Unreadable
from lake.landing import LandedObject, Landing
from resources.landing import s3
from resources.landing.folder import FolderLanding
from resources.landing.pages import LandingFailed
from resources.landing.s3 import S3Landing

pytestmark = pytest.mark.integration
HOUR = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), HOUR + dt.timedelta(hours=1))


@pytest.fixture(scope="module")
def cloud() -> Iterator[FaultyAws]:
    with aws.moto() as cloud:
        yield cloud


@dataclass(frozen=True)
class Bucket:
    """A bucket of one test's own."""

    client: Any
    name: str

    def put(self, key: str, content: bytes = b"x") -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)


@pytest.fixture
def bucket(cloud: FaultyAws, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Bucket:
    """An empty bucket."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    bucket = Bucket(cloud.client("s3"), f"landing-{hashlib.md5(request.node.name.encode()).hexdigest()}")
    bucket.client.create_bucket(Bucket=bucket.name)
    cloud.faults.planned.clear()
    cloud.faults.requests.clear()
    return bucket


@pytest.fixture
def landing(bucket: Bucket, tmp_path: Path) -> S3Landing:
    return S3Landing(bucket.name, "in", tmp_path / "scratch", read_timeout_s=0.5)


def put(bucket: Bucket, relative: str, content: bytes = b"x") -> None:
    bucket.put(f"in/commerce/{relative}", content)


def paths(found: list[LandedObject]) -> list[str]:
    return [landed.path.removeprefix("commerce/") for landed in found]


def contents(landing: Landing, found: list[LandedObject]) -> list[bytes]:
    with landing.reading(found) as reader:
        read = []
        for landed in found:
            with reader.open(landed) as source:
                read.append(source.read())
        return read


def test_a_bucket_and_a_folder_list_the_same(bucket: Bucket, landing: S3Landing, tmp_path: Path) -> None:
    """Whatever is there: hours in both layouts, strays of all kinds, hidden objects, and markers of folders."""
    relatives = ["2024/05/01/10/a", "2024/05/01/10/b/c", "year=2024/month=05/day=01/hour=10/minute=05/d"]
    relatives += ["2024/05/01/11/a", "2024/05/01/a", "2024/a", "a", "backup/2024/05/01/10/a", "2019/12/31/23/a"]
    relatives += ["2024/05/01/10/.a.tmp", "2024/05/01/10/_SUCCESS", "_temporary/2024/05/01/10/a", "2024/05/01/24/a"]
    folder = FolderLanding(tmp_path / "landing")
    for relative in relatives:
        put(bucket, relative)
        (folder.root / "commerce" / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder.root / "commerce" / relative).write_bytes(b"x")
    bucket.put("in/commerce/2024/05/01/10/", b"")
    bucket.put("elsewhere/commerce/2024/05/01/10/a")
    for hours in ([HOUR], [HOUR, HOUR + dt.timedelta(hours=1)], None):
        one, other = landing.objects(COMMERCE, hours), folder.objects(COMMERCE, hours)
        assert [(o.path, o.size, o.arrival_hour) for o in one] == [(o.path, o.size, o.arrival_hour) for o in other]
    assert paths(landing.objects_outside(COMMERCE, WINDOW)) == paths(folder.objects_outside(COMMERCE, WINDOW))


def test_no_hour_of_the_window_is_listed_to_find_strays(bucket: Bucket, landing: S3Landing, cloud: FaultyAws) -> None:
    """Every load looks for strays, and most objects are in the hours."""
    for hour in range(11):
        put(bucket, f"2024/05/01/{hour:02}/a")
    put(bucket, "2024/05/01/stray")
    cloud.faults.requests.clear()
    assert paths(landing.objects_outside(COMMERCE, WINDOW)) == ["2024/05/01/stray"]
    assert len(cloud.faults.requests) == 4, "one for each level of folders down to the day"


def test_a_listing_of_several_pages_is_whole(
    bucket: Bucket, landing: S3Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 gives a thousand keys at a time; here ten are a page."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    names = [f"2024/05/01/10/{number:04}" for number in range(25)]
    for name in [*names, "astray"]:
        put(bucket, name)
    assert paths(landing.objects(COMMERCE, [HOUR])) == names
    assert paths(landing.objects(COMMERCE)) == [*names, "astray"]
    assert paths(landing.objects_outside(COMMERCE, WINDOW)) == ["astray"]


def test_a_truncated_page_is_an_error(bucket: Bucket, landing: S3Landing, cloud: FaultyAws) -> None:
    """Such a page says that there is more, but not where.

    If it counted as the last one, objects would be lost silently.
    """
    put(bucket, "2024/05/01/10/a")
    more = (b"<IsTruncated>false</IsTruncated>", b"<IsTruncated>true</IsTruncated>")
    cloud.faults.plan(aws.edited(more), where=aws.listing)
    with pytest.raises(LandingFailed, match=r"listing s3://landing-\w+/in/commerce/: a truncated page"):
        landing.objects(COMMERCE)
    cloud.faults.plan(aws.edited((b"</ListBucketResult>", b"")), times=s3.ATTEMPTS, where=aws.listing)
    with pytest.raises(LandingFailed, match=r"listing s3://landing-\w+/in/commerce/"):
        landing.objects(COMMERCE)
    cloud.faults.planned.clear()
    assert paths(landing.objects(COMMERCE)) == ["2024/05/01/10/a"]


def test_another_content_is_another_version(bucket: Bucket, landing: S3Landing) -> None:
    """Uploading the same bytes changes nothing.

    Uploading others makes a new version, and the old one cannot be read.
    """
    put(bucket, "2024/05/01/10/a", b"one")
    (first,) = landing.objects(COMMERCE)
    put(bucket, "2024/05/01/10/a", b"one")
    assert landing.objects(COMMERCE) == [first]
    put(bucket, "2024/05/01/10/a", b"two")
    (second,) = landing.objects(COMMERCE)
    assert contents(landing, [second]) == [b"two"]
    with pytest.raises(FileNotFoundError, match="commerce/2024/05/01/10/a has changed since it was listed"):
        contents(landing, [first])
    bucket.remove("in/commerce/2024/05/01/10/a")
    with pytest.raises(FileNotFoundError, match="has gone since it was listed"):
        contents(landing, [second])


def test_objects_are_fetched_ahead_and_their_copies_go(
    bucket: Bucket, landing: S3Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Latency is hidden, an object may be read twice, and the disk never holds more than a few."""
    monkeypatch.setattr(s3, "PREFETCH_OBJECTS", 3)
    for number in range(8):
        put(bucket, f"2024/05/01/10/{number}", b"%d" % number * 1000)
    found = landing.objects(COMMERCE)
    with landing.reading(found) as reader:
        for number, landed in enumerate(found):
            with reader.open(landed) as source, reader.open(landed) as again:
                assert source.read() == again.read() == b"%d" % number * 1000
            assert sum(1 for path in landing.scratch.rglob("*") if path.is_file()) <= 3
    assert list(landing.scratch.iterdir()) == []


def test_a_copy_stays_while_it_is_read(bucket: Bucket, landing: S3Landing, cloud: FaultyAws) -> None:
    """However many others are read meanwhile, it can be read once more without another download."""
    for number in range(5):
        put(bucket, f"2024/05/01/10/{number}", b"%d" % number)
    found = landing.objects(COMMERCE)
    with landing.reading(found) as reader:
        with reader.open(found[0]) as first:
            for landed in found[1:]:
                with reader.open(landed) as source:
                    assert source.read() == landed.path[-1:].encode()
            (copy,) = (path for path in landing.scratch.rglob("*") if path.is_file())
            with reader.open(found[0]) as again:
                assert again.read() == first.read() == copy.read_bytes() == b"0"
        assert not copy.exists()


def test_a_large_object_comes_in_parts(bucket: Bucket, landing: S3Landing, cloud: FaultyAws) -> None:
    """Each part asks for the version that was listed."""
    content = bytes(range(256)) * (10 << 12)
    put(bucket, "2024/05/01/10/a", content)
    found = landing.objects(COMMERCE)
    cloud.faults.requests.clear()
    assert contents(landing, found) == [content]
    assert len(cloud.faults.requests) > 1


@pytest.mark.parametrize(
    "fault",
    [aws.error(503, "SlowDown"), aws.error(500, "InternalError"), aws.hanging(1.5)],
    ids=["slow down", "server error", "time-out in the middle of the body"],
)
def test_transient_errors_are_retried(bucket: Bucket, landing: S3Landing, cloud: FaultyAws, fault: Any) -> None:
    """A reader never sees half of an object."""
    content = bytes(range(256)) * 1000
    put(bucket, "2024/05/01/10/a", content)
    found = landing.objects(COMMERCE)
    cloud.faults.plan(fault, times=2, where=aws.getting)
    assert contents(landing, found) == [content]
    assert cloud.faults.planned == []


def test_a_forbidden_listing_fails_at_once_and_says_what(bucket: Bucket, landing: S3Landing, cloud: FaultyAws) -> None:
    """No retry helps against a missing permission; the message names the operation and the address."""
    put(bucket, "2024/05/01/10/a")
    cloud.faults.plan(aws.error(403, "AccessDenied"), where=aws.listing)
    with pytest.raises(LandingFailed, match=r"listing s3://landing-\w+/in/commerce/.*AccessDenied"):
        landing.objects(COMMERCE)


def test_an_object_that_is_forbidden_or_archived_does_not_stop_the_others(
    bucket: Bucket, landing: S3Landing, cloud: FaultyAws
) -> None:
    """One is encrypted with another account's key, one is archived. Each is refused with S3's message."""
    bucket.client.put_object(
        Bucket=bucket.name, Key="in/commerce/2024/05/01/10/archived", Body=b"x", StorageClass="GLACIER"
    )
    put(bucket, "2024/05/01/10/forbidden")
    put(bucket, "2024/05/01/10/good")
    archived, forbidden, good = landing.objects(COMMERCE)
    with pytest.raises(Unreadable, match="not readable: InvalidObjectState: "):
        contents(landing, [archived])
    cloud.faults.plan(aws.error(403, "AccessDenied"), where=aws.under(f"/{forbidden.path}", aws.getting))
    with landing.reading([forbidden, good]) as reader:
        with pytest.raises(Unreadable, match="not readable: AccessDenied"):
            reader.open(forbidden)
        with reader.open(good) as source:
            assert source.read() == b"x"
    assert contents(landing, [forbidden]) == [b"x"], "when it is allowed, it is the same version"


def test_wrong_credentials_end_the_run(bucket: Bucket, landing: S3Landing, cloud: FaultyAws) -> None:
    """They do not concern a single object. If objects were refused for them, the whole hour would be left out."""
    put(bucket, "2024/05/01/10/a")
    found = landing.objects(COMMERCE)
    cloud.faults.plan(aws.error(403, "SignatureDoesNotMatch"), where=aws.getting)
    with pytest.raises(LandingFailed, match=r"reading s3://landing-\w+/in/commerce/.*SignatureDoesNotMatch"):
        contents(landing, found)


ODD_NAMES = ["/a", "a\x01b", "a\u2028b", "\\xff", "a b+%2F&<é>", "data/"]
ODD_KEYS = [*(f"2024/05/01/10/{name}" for name in ODD_NAMES), "/2024/05/01/10/a", "2024//05/01/10/a"]


def test_keys_of_any_kind_are_found_and_read(bucket: Bucket, landing: S3Landing) -> None:
    """Keys are no paths: they may have empty parts, control characters, and a slash at the end of a real object."""
    for key in ODD_KEYS:
        put(bucket, key, key.encode())
    found = landing.objects(COMMERCE)
    assert sorted(contents(landing, found)) == sorted(key.encode() for key in ODD_KEYS)
    assert all(landed.path.isprintable() for landed in found)
    inside, outside = landing.objects(COMMERCE, [HOUR]), landing.objects_outside(COMMERCE, WINDOW)
    assert sorted([*inside, *outside]) == found, "together both listings are everything"


def test_permanent_errors_are_raised(
    bucket: Bucket, landing: S3Landing, cloud: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last attempt the reader gets an exception and no bytes."""
    monkeypatch.setattr(s3, "ATTEMPTS", 2)
    put(bucket, "2024/05/01/10/a", b"x" * 1000)
    found = landing.objects(COMMERCE)
    cloud.faults.plan(aws.hanging(1.5), times=9, where=aws.getting)
    with pytest.raises(LandingFailed, match=r"reading s3://landing-\w+/in/commerce/2024/05/01/10/a"):
        contents(landing, found)
    cloud.faults.planned.clear()
    cloud.faults.plan(aws.error(503, "SlowDown"), times=9, where=aws.listing)
    with pytest.raises(LandingFailed, match="SlowDown"):
        landing.objects(COMMERCE)
