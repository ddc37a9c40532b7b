"""Encoding: text that is not UTF-8, told by its first bytes, or read as a contract says.

Belongs here: which text is not ours, and how text of a named encoding becomes UTF-8. Not here: compression, records.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

UTF_8 = "utf-8"
_TEXT = rb"[\t\r\n\x20-\x7e]"  # two characters of ASCII tell encodings of two and four bytes from binary content
_FOREIGN = {
    "UTF-32": re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|(?:%b\0\0\0){2}|(?:\0\0\0%b){2}" % (_TEXT, _TEXT)),
    "UTF-16": re.compile(rb"\xff\xfe|\xfe\xff|(?:%b\0){2}|(?:\0%b){2}" % (_TEXT, _TEXT)),
}
_UNDECODABLE = "undecodable"


def foreign(head: bytes) -> str | None:
    """The encoding that text is in which begins so, if that is one of more than a byte a character."""
    return next((name for name, pattern in _FOREIGN.items() if pattern.match(head)), None)


def is_utf_8(encoding: str) -> bool:
    """Whether an encoding, by any of its names, is UTF-8."""
    return codecs.lookup(encoding).name in (UTF_8, "utf-8-sig")


def transcoded(content: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The content as UTF-8. What is no text in its encoding becomes a byte that is none in UTF-8 either (0xFF).

    So the record that it is in is told to be malformed, and no other one.
    """
    decoder = codecs.getincrementaldecoder(encoding)(_UNDECODABLE)
    for block in content:
        yield decoder.decode(block).encode(UTF_8, "surrogateescape")
    yield decoder.decode(b"", True).encode(UTF_8, "surrogateescape")


def _as_no_text(error: UnicodeError) -> tuple[str, int]:
    """What `surrogateescape` encodes as 0xFF, in the place of bytes that cannot be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_UNDECODABLE, _as_no_text)
