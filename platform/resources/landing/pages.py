"""Pages of S3's listings. A page keeps its entries as the bytes that came and makes them when they are asked for.

Belongs here: paging, and what a page holds. Not here: which prefixes are listed (`s3`). botocore's own parser takes
15 to 60 milliseconds for a page of 1,000 entries; comparing their bytes with those of the last listing takes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from botocore.exceptions import BotoCoreError, ClientError

CONNECTIONS = 16
_ENTRY = re.compile(rb"<Contents>.*?</Contents>", re.DOTALL)
_ENTRIES = "Entries"


class LandingFailed(Exception):
    """A request to S3 failed after all retries. The message names the operation, the address and the reason."""


@dataclass(frozen=True)
class Page:
    """One page: its entries as XML, the folders in it, whether keys in the XML are URL-encoded, and whether the
    listing has no other page."""

    xml: bytes
    folders: tuple[str, ...]
    encoded: bool
    whole: bool

    @property
    def count(self) -> int:
        """The number of entries."""
        return self.xml.count(b"<Contents>")

    def entries(self) -> Iterator[tuple[str, str, int]]:
        """Key, ETag and size of each object."""
        for entry in ElementTree.fromstring(b"<Page>%b</Page>" % self.xml):
            values = {part.tag: part.text or "" for part in entry}
            key = values["Key"]
            yield unquote_plus(key) if self.encoded else key, values["ETag"].strip('"'), int(values["Size"])


def register(client: Any) -> None:
    """Let the answers to the client's listings keep their entries as bytes, for a `Lister`."""
    client.meta.events.register("before-parse.*.ListObjectsV2", _keep_entries)  # `*` runs before botocore's own


@dataclass(frozen=True)
class Lister:
    """Lists a bucket by prefixes of keys, several at a time, with a registered client."""

    client: Any
    bucket: str

    def all_pages(self, prefixes: Iterable[str], delimiter: str = "") -> list[list[Page]]:
        """All pages of each prefix."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(lambda prefix: list(self.pages(prefix, delimiter)), prefixes))

    def first_pages(self, prefixes: Iterable[str]) -> list[Page]:
        """The first page of each prefix."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(lambda prefix: next(self.pages(prefix)), prefixes))

    def pages(self, prefix: str, delimiter: str = "") -> Iterator[Page]:
        """All pages of a listing. Raises `LandingFailed` when it ends early, as objects would be lost silently."""
        token: dict[str, str] = {}
        address = f"s3://{self.bucket}/{prefix}"
        while True:
            try:
                answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, Delimiter=delimiter, **token)
            except (ClientError, BotoCoreError) as error:
                raise LandingFailed(f"listing {address}: {error}") from error
            more, folders = answer["IsTruncated"], tuple(each["Prefix"] for each in answer.get("CommonPrefixes", ()))
            if more and "NextContinuationToken" not in answer:
                raise LandingFailed(f"listing {address}: a truncated page has no continuation token")
            yield Page(answer[_ENTRIES], folders, answer.get("EncodingType") == "url", not more and not token)
            if not more:
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}


def _keep_entries(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Cut the entries out of the body before botocore parses the rest. In a key, `<` is always escaped."""
    body: bytes = response_dict["body"]
    first, end = body.find(b"<Contents>"), body.rfind(b"</Contents>") + len(b"</Contents>")
    if first < 0 or end < first:
        customized_response_dict[_ENTRIES] = b""
    elif b"<CommonPrefixes>" in body[first:end]:
        customized_response_dict[_ENTRIES] = b"".join(_ENTRY.findall(body))
        response_dict["body"] = _ENTRY.sub(b"", body)
    else:
        customized_response_dict[_ENTRIES] = body[first:end]
        response_dict["body"] = body[:first] + body[end:]
