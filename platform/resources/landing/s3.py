"""An S3 bucket as the landing zone: objects are listed by prefix and prefetched by downloads.

Belongs here: what is listed, conditional downloads, retries. Not here: what a landing zone is (`lake.landing`), paging
(`pages`), the queue of notices (`notices`); credentials and regions, which the AWS client finds itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import itertools
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError
from s3transfer.futures import TransferFuture
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from contracts.layout import Layout
from contracts.stream import Stream
from events.compression import Unreadable
from lake.landing import NOT_READABLE, HourListing, LandedObject, ZoneSurvey
from partitions import Window, inside_window
from resources.landing.names import hidden, original_name, printable_name
from resources.landing.notices import NoticeQueue
from resources.landing.pages import CONNECTIONS, LandingFailed, Lister, Page, register

HOURS_OF_A_DAY = 4  # from so many on, a day is listed at once if it has few objects
PREFETCH_OBJECTS = 32
PREFETCH_BYTES = 1 << 30
ATTEMPTS = 8
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
# Errors of one object alone: access is denied, it is archived, or it needs another encryption key.
ERRORS_OF_ONE_OBJECT = {
    "AccessDenied",
    "InvalidObjectState",
    "InvalidRequest",
    "KMS.DisabledException",
    "KMS.NotFoundException",
}


@dataclass(frozen=True)
class S3Landing:
    """A landing zone in a bucket, or below a prefix of one. The version of an object is its ETag.

    Requests are repeated after throttling, server errors, broken connections; the last failure raises `LandingFailed`.
    """

    bucket: str
    prefix: str
    scratch: Path
    read_timeout_s: float = READ_TIMEOUT_S
    queue_url: str | None = None

    @cached_property
    def client(self) -> Any:
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=self.read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
        )
        client = boto3.client("s3", config=config)
        register(client)
        return client

    @cached_property
    def queue(self) -> NoticeQueue | None:
        return NoticeQueue(self.queue_url) if self.queue_url else None

    @cached_property
    def lister(self) -> Lister:
        return Lister(self.client, self.bucket)

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        """A stream's objects, sorted: those of some arrival hours, or all, including objects of no hour."""
        if hours is None:
            return self._landed(stream, self.lister.pages(self.key(f"{stream.folder}/")))
        found = self.listings(stream, sorted(set(hours)))
        return sorted((o for each in found for o in each.make()), key=attrgetter("path"))

    def listings(self, stream: Stream, hours: Sequence[dt.datetime]) -> list[HourListing]:
        """A listing of each hour. Days with few objects are listed at once, other hours one by one, in parallel."""
        days = self._small_days(stream, hours)
        folders = [(lay, hour) for hour in hours for lay in stream.layouts if (lay, hour.date()) not in days]
        keys = [self.key(f"{stream.folder}/{hour.strftime(lay.folder)}/") for lay, hour in folders]
        pages: dict[dt.datetime, list[Page]] = {hour: [] for hour in hours}
        for (_, hour), listed in zip(folders, self.lister.all_pages(keys), strict=True):
            pages[hour] += listed
        known: dict[dt.datetime | None, list[LandedObject]] = defaultdict(list)
        for landed in self._landed(stream, days.values()):
            known[landed.arrival_hour].append(landed)
        return [self._listing(stream, hour, pages[hour], known[hour]) for hour in hours]

    def _small_days(self, stream: Stream, hours: Sequence[dt.datetime]) -> dict[tuple[Layout, dt.date], Page]:
        """Days of several of these hours whose objects, in a layout, are one page: one request instead of several."""
        counts = Counter(hour.date() for hour in hours)
        days = [(lay, day) for day, count in counts.items() if count >= HOURS_OF_A_DAY for lay in stream.layouts]
        keys = [self.key(f"{stream.folder}/{day.strftime(lay.folder.rpartition('/')[0])}/") for lay, day in days]
        first = self.lister.first_pages(keys)
        return {place: page for place, page in zip(days, first, strict=True) if page.whole}

    def survey(self, stream: Stream, window: Window) -> ZoneSurvey:
        """The hours inside the window, and what is outside. Lists folders level by level, those of one in parallel."""
        pages: list[Page] = []
        hours: set[dt.datetime] = set()
        level = [f"{stream.folder}/"]
        while level:
            found = [page for listed in self.lister.all_pages(map(self.key, level), "/") for page in listed]
            pages, level = [*pages, *found], []
            for folder in (self._relative(folder) for page in found for folder in page.folders):
                relative = folder.removeprefix(f"{stream.folder}/")
                if (hour := stream.hour_inside(tuple(relative.removesuffix("/").split("/")), window)) is not None:
                    hours.add(hour)
                elif not hidden(relative.removesuffix("/").rpartition("/")[2]):
                    level.append(folder)
        outside = [o for o in self._landed(stream, pages) if not inside_window(o.arrival_hour, window)]
        return ZoneSurvey(sorted(hours), outside)

    def objects_outside(self, stream: Stream, window: Window) -> list[LandedObject]:
        return self.survey(stream, window).outside

    def noticed(self, wait_s: float) -> list[str]:
        keys = self.queue.receive(self.bucket, wait_s) if self.queue else []
        return [self._relative(key) for key in keys if key.startswith(self.key(""))]

    @contextmanager
    def reading(self, objects: Sequence[LandedObject]) -> Iterator[_Downloads]:
        """A reader of these objects. It prefetches local copies in this order, which is about the order of reading."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        config = TransferConfig(max_request_concurrency=CONNECTIONS, num_download_attempts=ATTEMPTS)
        with (
            tempfile.TemporaryDirectory(prefix="landed-", dir=self.scratch) as folder,
            TransferManager(self.client, config) as manager,
        ):
            downloads = _Downloads(self, manager, Path(folder), list(objects))
            try:
                yield downloads
            finally:
                downloads.cancel()

    def key(self, path: str) -> str:
        """The key in the bucket of a path below the landing zone."""
        key = original_name(path).decode()
        return f"{self.prefix}/{key}" if self.prefix else key

    def address(self, path: str) -> str:
        return f"s3://{self.bucket}/{self.key(path)}"

    def _relative(self, key: str) -> str:
        return printable_name((key[len(self.prefix) + 1 :] if self.prefix else key).encode())

    def _listing(
        self, stream: Stream, hour: dt.datetime, pages: Sequence[Page], known: Sequence[LandedObject]
    ) -> HourListing:
        """The listing of an hour that has `pages` of its own, `known` objects of a page of its day, or both."""
        parts = [*(page.xml for page in pages), *(f"{o.path} {o.version}\n".encode() for o in known)]
        digest, count = hashlib.sha256(b"".join(parts)).digest(), sum(page.count for page in pages) + len(known)
        return HourListing(hour, count, digest, lambda: [*self._landed(stream, pages), *known])

    def _landed(self, stream: Stream, pages: Iterable[Page]) -> list[LandedObject]:
        found = []
        hours: dict[str, dt.datetime | None] = {}
        for key, version, size in (entry for page in pages for entry in page.entries()):
            path = self._relative(key)
            relative = path.removeprefix(f"{stream.folder}/")
            folder = relative.rpartition("/")[0]
            if folder not in hours:
                hours[folder] = stream.arrival_hour(f"{folder}/")
            marker = path.endswith("/") and not size  # AWS's console creates such an object for a folder
            if not marker and not any(map(hidden, relative.split("/"))):
                found.append(LandedObject(path, version, size, hours[folder]))
        return sorted(found, key=attrgetter("path"))


class _ExpectListed(BaseSubscriber):  # type: ignore[misc]
    """Gives a download the size and ETag of the listing, so that it gets that content or fails."""

    def __init__(self, landed: LandedObject) -> None:
        self.landed = landed

    def on_queued(self, future: TransferFuture, **_: Any) -> None:
        etag = f'"{self.landed.version}"'
        future.meta.provide_transfer_size(self.landed.size)
        future.meta.provide_object_etag(etag)
        future.meta.call_args.extra_args["IfMatch"] = etag  # s3transfer itself sends it for multipart downloads only


@dataclass
class _Copy:
    """A local copy: complete when `future` is done, deleted when its last reader closes it."""

    path: Path
    future: TransferFuture
    readers: int = 0


class _OpenCopy(io.BufferedReader):
    """A copy being read; calls `on_close` when it is closed."""

    def __init__(self, path: Path, on_close: Callable[[], None]) -> None:
        super().__init__(io.FileIO(path))
        self.on_close = on_close

    def close(self) -> None:
        if not self.closed:
            super().close()
            self.on_close()


class _Downloads:
    """Local copies of objects, for several threads. Prefetching is bounded in objects and bytes."""

    def __init__(self, landing: S3Landing, manager: TransferManager, folder: Path, queue: list[LandedObject]) -> None:
        self.landing, self.manager, self.folder = landing, manager, folder
        self.queue = dict.fromkeys(queue)
        self.names = itertools.count()
        self.copies: dict[LandedObject, _Copy] = {}
        self.lock = threading.Lock()

    def open(self, landed: LandedObject) -> BinaryIO:
        """The object's bytes, after its download is complete.

        Raises `FileNotFoundError` when it is gone or has changed since it was listed, `Unreadable` when S3 refuses
        this object, and `LandingFailed` for all other errors.
        """
        with self.lock:
            copy = self._copy_of(landed)
            copy.readers += 1
        try:
            copy.future.result()
        except S3DownloadFailedError as error:
            raise FileNotFoundError(f"{landed.path} has changed since it was listed") from error
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchKey":
                raise FileNotFoundError(f"{landed.path} has gone since it was listed") from error
            if code in ERRORS_OF_ONE_OBJECT:
                raise Unreadable(f"{NOT_READABLE}: {code}: {error.response['Error'].get('Message', '')}") from error
            raise self._failed(landed, error) from error
        except (BotoCoreError, RetriesExceededError) as error:
            raise self._failed(landed, error) from error
        return cast(BinaryIO, _OpenCopy(copy.path, lambda: self._closed(landed)))

    def cancel(self) -> None:
        """Cancel the downloads that nobody waits for."""
        with self.lock:
            for copy in self.copies.values():
                copy.future.cancel()

    def _copy_of(self, landed: LandedObject) -> _Copy:
        """The object's copy. Also starts downloads of the next objects, as far as the bounds allow."""
        self.queue.pop(landed, None)
        if landed not in self.copies:
            self._start(landed)
        size = sum(copied.size for copied in self.copies)
        for upcoming in list(itertools.islice(self.queue, PREFETCH_OBJECTS)):
            if len(self.copies) >= PREFETCH_OBJECTS or size + upcoming.size > PREFETCH_BYTES:
                break
            self.queue.pop(upcoming)
            self._start(upcoming)
            size += upcoming.size
        return self.copies[landed]

    def _start(self, landed: LandedObject) -> None:
        path = self.folder / str(next(self.names))
        future = self.manager.download(
            self.landing.bucket,
            self.landing.key(landed.path),
            str(path),
            extra_args={},
            subscribers=[_ExpectListed(landed)],
        )
        self.copies[landed] = _Copy(path, future)

    def _closed(self, landed: LandedObject) -> None:
        with self.lock:
            copy = self.copies[landed]
            copy.readers -= 1
            if not copy.readers:
                del self.copies[landed]
                copy.path.unlink(missing_ok=True)

    def _failed(self, landed: LandedObject, error: Exception) -> LandingFailed:
        return LandingFailed(f"reading {self.landing.address(landed.path)}: {error}")
