"""An S3 bucket as the landing zone: objects are listed by prefix and prefetched by downloads.

Belongs here: paging, conditional downloads, retries. Not here: what a landing zone is (`lake.landing`); credentials and
regions, which the AWS client finds itself.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError
from s3transfer.futures import TransferFuture
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from contracts.stream import Stream
from events.compression import Unreadable
from lake.landing import NOT_READABLE, LandedObject
from partitions import inside_window
from resources.landing.names import hidden, original_name, printable_name

CONNECTIONS = 16
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


class LandingFailed(Exception):
    """A request to S3 failed after all retries. The message names the operation, the address and the reason."""


@dataclass(frozen=True)
class S3Landing:
    """A landing zone in a bucket, or below a prefix of one. The version of an object is its ETag.

    Requests are retried with growing waits after throttling, server errors and broken connections. The last failure
    raises `LandingFailed`.
    """

    bucket: str
    prefix: str
    scratch: Path
    read_timeout_s: float = READ_TIMEOUT_S

    @cached_property
    def client(self) -> Any:
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=self.read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
        )
        return boto3.client("s3", config=config)

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        """A stream's objects, sorted: those of some arrival hours, or all, including objects of no hour."""
        top = f"{stream.folder}/"
        prefixes = [top] if hours is None else [f"{top}{h.strftime(y.folder)}/" for y in stream.layouts for h in hours]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            pages = list(pool.map(lambda prefix: list(self._pages(prefix)), prefixes))
        return self._landed(stream, [entry for found in pages for page in found for entry in page.get("Contents", [])])

    def objects_outside(self, stream: Stream, window: tuple[dt.datetime, dt.datetime]) -> list[LandedObject]:
        """Objects whose arrival hour is outside `window` or unknown, without listing the hours inside it.

        Lists the folders level by level, those of one level in parallel.
        """
        entries: list[dict[str, Any]] = []
        level = [f"{stream.folder}/"]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            while level:
                found = list(pool.map(lambda prefix: list(self._pages(prefix, "/")), level))
                pages = [page for listed in found for page in listed]
                entries += [entry for page in pages for entry in page.get("Contents", [])]
                below = [self._relative(each["Prefix"]) for page in pages for each in page.get("CommonPrefixes", [])]
                level = [folder for folder in below if not _has_no_strays(stream, folder, window)]
        return [landed for landed in self._landed(stream, entries) if not inside_window(landed.arrival_hour, window)]

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

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[dict[str, Any]]:
        """All pages of a listing. Raises `LandingFailed` when it ends early, as objects would be lost silently."""
        token: dict[str, str] = {}
        while True:
            try:
                page = self.client.list_objects_v2(
                    Bucket=self.bucket, Prefix=self.key(prefix), Delimiter=delimiter, **token
                )
            except (ClientError, BotoCoreError) as error:
                raise LandingFailed(f"listing {self.address(prefix)}: {error}") from error
            yield page
            if not page["IsTruncated"]:
                return
            if "NextContinuationToken" not in page:
                raise LandingFailed(f"listing {self.address(prefix)}: a truncated page has no continuation token")
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _landed(self, stream: Stream, entries: Sequence[dict[str, Any]]) -> list[LandedObject]:
        found = []
        for entry in entries:
            path = self._relative(entry["Key"])
            relative = path.removeprefix(f"{stream.folder}/")
            marker = path.endswith("/") and not entry["Size"]  # AWS's console creates such an object for a folder
            if not marker and not any(map(hidden, relative.split("/"))):
                version = entry["ETag"].strip('"')
                found.append(LandedObject(path, version, entry["Size"], stream.arrival_hour(relative)))
        return sorted(found)


def _has_no_strays(stream: Stream, folder: str, window: tuple[dt.datetime, dt.datetime]) -> bool:
    """Whether a folder cannot hold strays: it is hidden, or its hour is inside the window."""
    parts = tuple(folder.removeprefix(f"{stream.folder}/").removesuffix("/").split("/"))
    return hidden(parts[-1]) or any(layout.covers(parts, window) for layout in stream.layouts)


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
