"""Text that is not UTF-8: detect it by its first bytes, and transcode what a contract names.

Belongs here: encodings. Not here: compression (`compression`), records (`decode`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

UTF_8 = "utf-8"
_TEXT = rb"[\t\r\n\x20-\x7e]"  # two such characters tell UTF-16 and UTF-32 from binary content
_FOREIGN = {
    "UTF-32": re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|(?:%b\0\0\0){2}|(?:\0\0\0%b){2}" % (_TEXT, _TEXT)),
    "UTF-16": re.compile(rb"\xff\xfe|\xfe\xff|(?:%b\0){2}|(?:\0%b){2}" % (_TEXT, _TEXT)),
}
_UNDECODABLE = "undecodable"


def foreign(head: bytes) -> str | None:
    """UTF-16 or UTF-32, if a text with this head is in one of them; else None."""
    return next((name for name, pattern in _FOREIGN.items() if pattern.match(head)), None)


def is_utf_8(encoding: str) -> bool:
    """Whether an encoding, by any of its names, is UTF-8."""
    return codecs.lookup(encoding).name in (UTF_8, "utf-8-sig")


def transcoded(content: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The content as UTF-8. Bytes that are invalid in the encoding become 0xFF, which is invalid in UTF-8.

    So only the records with such bytes are rejected, as malformed.
    """
    decoder = codecs.getincrementaldecoder(encoding)(_UNDECODABLE)
    for block in content:
        yield decoder.decode(block).encode(UTF_8, "surrogateescape")
    yield decoder.decode(b"", True).encode(UTF_8, "surrogateescape")


def _as_invalid(error: UnicodeError) -> tuple[str, int]:
    """Replace bytes that cannot be decoded by the character that `surrogateescape` encodes as 0xFF."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_UNDECODABLE, _as_invalid)
