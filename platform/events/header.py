"""Compare the header of a CSV object with what its contract expects.

Belongs here: the names in a header, and a message about what is wrong with it. Not here: rows (`delimited`), where the
line ends (`detection`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from contracts.stream import Csv
from events.display import shortened

DELIMITERS = ",;\t|"
_SHOWN = 300  # characters of a header that a message shows


def names_of(line: str, framing: Csv, known: Iterable[str] = ()) -> list[str]:
    """The names in a header, without the blanks around them; empty for a field without a name.

    Where the contract ignores case, a name is spelt as in the contract's `columns`, or else as in `known`.
    """
    names = _split(line, framing.delimiter)
    if not framing.ignore_case:
        return names
    spelt = {name.casefold(): name for name in (*known, *framing.columns)}
    return [spelt.get(name.casefold(), name) for name in names]


def fits(line: str, framing: Csv) -> bool:
    """Whether a line is the header of the contract's CSV: it has all of its columns."""
    return set(framing.columns) <= set(names_of(line, framing))


def repeated(line: str, framing: Csv) -> list[str]:
    """The names that a header has more than once, as they stand there."""
    names = [name for name in _split(line, framing.delimiter) if name]
    alike = [name.casefold() if framing.ignore_case else name for name in names]
    counts = Counter(alike)
    return list(dict.fromkeys(name for name, key in zip(names, alike, strict=True) if counts[key] > 1))


def header_error(line: str, framing: Csv) -> str:
    """Why a line is not the header of the contract's CSV: what was expected, what is missing, and what was found.

    The line is shown only if it has one of the expected names, in any case: otherwise it may be a row about a person.
    """
    found = names_of(line, framing)
    missing = [name for name in framing.columns if name not in found]
    delimiter = max(DELIMITERS, key=lambda mark: (_recognized(line, mark, framing), len(_split(line, mark))))
    fields = _split(line, delimiter)
    if _recognized(line, delimiter, framing):
        shown = f"found: {shortened(', '.join(fields), _SHOWN)}, separated by {delimiter!r}"
    else:
        shown = f"found: no header, but a line of {len(fields)} fields separated by {delimiter!r}"
    advice = "" if delimiter == framing.delimiter else "; the contract's Csv can name another delimiter"
    if {name.casefold() for name in fields} & {name.casefold() for name in missing}.difference(fields):
        advice += "; the case of letters counts, unless the contract's Csv says ignore_case=True"
    expected = f"a CSV header with the columns {', '.join(framing.columns)}, separated by {framing.delimiter!r}"
    return f"expected {expected}; missing: {', '.join(missing)}; {shown}{advice}"


def _split(line: str, delimiter: str) -> list[str]:
    mark = re.escape(delimiter)
    quoted_field = (
        rf'"([^"]*+(?:""[^"]*+)*+)"\s*+(?={mark})'  # with text behind the quote it is no name, but perhaps JSON
    )
    fields = re.finditer(rf" *+(?:{quoted_field}|([^{mark}]*+)){mark}", line + delimiter)
    return [(plain if quoted is None else quoted.replace('""', '"')).strip() for quoted, plain in map(_groups, fields)]


def _groups(field: re.Match[str]) -> tuple[str | None, str]:
    return field[1], field[2]


def _recognized(line: str, delimiter: str, framing: Csv) -> int:
    """How many of the expected names the line has, in any case, if this is the delimiter."""
    expected: Sequence[str] = [name.casefold() for name in framing.columns]
    return sum(name.casefold() in expected for name in _split(line, delimiter))
