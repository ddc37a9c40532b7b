"""Names: write the name of any file or object as printable text, and read it back.

Belongs here: how ledgers, tables and logs spell names. Not here: listing what has these names (`walk`, `s3`).
"""

from __future__ import annotations

import re

# Control characters, line separators and marks that change the direction of text. The list is fixed: Python's idea of
# "printable" changes from version to version, but the spelling of a name must not.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]")
_LOOKS_ESCAPED = re.compile(r"\\(?=x[0-9a-f]{2})")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def printable_name(name: bytes) -> str:
    r"""A name as UTF-8 text without control characters. Each byte that cannot be shown is written as `\xff`.

    A backslash in the name that would look like such an escape is written as `\x5c`, so that different names stay
    different. All other names stay as they are.
    """
    if name.isascii() and (plain := name.decode()).isprintable() and "\\" not in plain:
        return plain  # nearly every name
    text = _LOOKS_ESCAPED.sub(r"\\x5c", name.decode(errors="surrogateescape"))
    return _UNPRINTABLE.sub(lambda found: _escaped(found[0]), text)


def original_name(printable: str) -> bytes:
    """The inverse of `printable_name`."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), printable.encode())


def is_utf8(name: bytes) -> bool:
    """Whether a name is valid UTF-8."""
    if name.isascii():
        return True
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def hidden(name: str) -> bool:
    """Whether a name marks a file or folder that is not finished, or not data."""
    return name.startswith((".", "_"))


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))
