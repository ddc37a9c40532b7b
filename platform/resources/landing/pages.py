"""Pages of S3's listings. A page keeps its entries as the bytes that came and makes them when they are asked for.

Belongs here: what the client does with a page. Not here: which prefixes are listed (`s3`). botocore's own parser takes
15 to 60 milliseconds for a page of 1,000 entries; comparing their bytes with those of the last listing takes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

_ENTRY = re.compile(rb"<Contents>.*?</Contents>", re.DOTALL)
_ENTRIES = "Entries"


@dataclass(frozen=True)
class Page:
    """One page: its entries as XML, the folders in it, and whether keys in the XML are URL-encoded."""

    xml: bytes
    folders: tuple[str, ...]
    encoded: bool

    @property
    def count(self) -> int:
        """The number of entries."""
        return self.xml.count(b"<Contents>")

    def entries(self) -> Iterator[tuple[str, str, int]]:
        """Key, ETag and size of each object."""
        for entry in ElementTree.fromstring(b"<Page>%b</Page>" % self.xml):
            values = {part.tag: part.text or "" for part in entry}
            key = unquote_plus(values["Key"]) if self.encoded else values["Key"]
            yield key, values["ETag"].strip('"'), int(values["Size"])


def register(client: Any) -> None:
    """Let the answers to the client's listings keep their entries as bytes, for `page_of`."""
    client.meta.events.register("before-parse.s3.ListObjectsV2", _keep_entries)


def page_of(answer: Mapping[str, Any]) -> Page:
    """The page in an answer to `list_objects_v2` of a registered client."""
    folders = tuple(each["Prefix"] for each in answer.get("CommonPrefixes", ()))
    return Page(answer[_ENTRIES], folders, answer.get("EncodingType") == "url")


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
