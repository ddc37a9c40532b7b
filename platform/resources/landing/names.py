"""Names: any name that a file or an object may have, written as printable text, and read back.

Belongs here: the one spelling of names, used by ledgers, tables and logs. Not here: where names come from (`landing`).
"""

from __future__ import annotations

import re

# Controls, line separators and marks that turn the direction of text. A fixed list: what Python calls printable
# changes with its version, and a name's spelling has to stay.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]")
_LOOKS_ESCAPED = re.compile(r"\\(?=x[0-9a-f]{2})")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def printable_name(name: bytes) -> str:
    r"""A name as UTF-8 text without control characters: each byte of what cannot be shown is written `\xff`.

    A backslash of the name's own that would read as such an escape is written `\x5c`, so that no two names are
    written alike. All other names stay as they are.
    """
    text = _LOOKS_ESCAPED.sub(r"\\x5c", name.decode(errors="surrogateescape"))
    return _UNPRINTABLE.sub(lambda found: _escaped(found[0]), text)


def original_name(printable: str) -> bytes:
    """The name that `printable_name` wrote."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), printable.encode())


def is_utf8(name: bytes) -> bool:
    """Whether a name is text that other tools can write as well."""
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def hidden(name: str) -> bool:
    """Whether a file's or folder's name says that it is not there yet, or not data."""
    return name.startswith((".", "_"))


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))
