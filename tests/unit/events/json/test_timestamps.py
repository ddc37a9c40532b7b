"""Timestamps: what producers send is read, and nothing else, compared with an independent reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from times import instant

from events.byte_spans import bytes_of
from events.compiled import read_only
from events.json.timestamps import timestamps
from events.values import ESCAPED, TEXT, Values


def read(texts: Sequence[str], kind: int = TEXT) -> list[dt.datetime | str | None]:
    """Each text's time, None for a blank text, or the text itself if it is no time."""
    pieces = [text.encode() for text in texts]
    ends = np.cumsum([len(piece) for piece in pieces]).astype(np.uint32)
    starts = (ends - [len(piece) for piece in pieces]).astype(np.uint32)
    data = read_only(bytes_of(b"".join(pieces)))
    found, odd = timestamps(Values(data, np.full(len(pieces), kind, np.uint8), starts, ends))
    return [texts[row] if row in odd.tolist() else value for row, value in enumerate(found.to_list())]


def expected(text: str) -> dt.datetime | str | None:
    if not text.strip(" \t\r\n"):
        return None
    try:
        return instant(text)
    except ValueError:
        return text


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-01-29t19:39:42z", "2024-01-29T19:39:42"),
        ("2024-01-29T19:39:42,25Z", "2024-01-29T19:39:42.250000"),
        ("2024-01-29T19:39:42.12345678901234Z", "2024-01-29T19:39:42.123456"),
        (" 2024-01-29 19:39:42\n", "2024-01-29T19:39:42"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999"),
        ("2017-01-01T01:59:60.5+02:00", "2016-12-31T23:59:59.999999"),
        ("2024-02-28T24:00:00Z", "2024-02-29T00:00:00"),
        ("2024-12-31 24:00", "2025-01-01T00:00:00"),
        ("20240129T193942.5-0530", "2024-01-30T01:09:42.500000"),
        ("2024-01-29T19+02", "2024-01-29T17:00:00"),
        ("2024-01-29 19:39:42 +0000", "2024-01-29T19:39:42"),
        ("2024-01-29 19:39:42 UTC", "2024-01-29T19:39:42"),
        ("2024-01-29 19:39:42gmt", "2024-01-29T19:39:42"),
        ("2024-01-29T19:39:42-00:00", "2024-01-29T19:39:42"),
        ("2024-01-29", "2024-01-29T00:00:00"),
    ],
)
def test_times_that_producers_send_are_read(text: str, utc: str) -> None:
    """ISO 8601, RFC 3339, and common deviations of libraries."""
    assert read([text]) == [instant(text)] == [dt.datetime.fromisoformat(f"{utc}+00:00")]
    assert read(["".join(f"\\u{ord(letter):04x}" for letter in text)], ESCAPED) == [instant(text)]


@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-29T24:00:01", "2024-01-29T24:01", "2024-01-29T24:00:00.000001", "2024-01-29T25", "2024-01-29T23:60"),
        *("2024-01-29T23:59:61", "2024-01-29T19:39:42.", "2024-01-29T19:39:42,", "2024-01-29T19:39.5", "2024-01-29T"),
        *("20240129", "20240129 193942", "20240129T19:39:42", "2024-01-29T193942", "2024-0129", "202401-29T00"),
        *("2024-01-29Z", "2024-01-29T19:39:42 CET", "2024-01-29T19:39:42+01:00[Europe/Berlin]", "2024-01-29T7:00"),
        *("+2024-01-29", "-0001-01-01", "10000-01-01", "0000-01-01", "9999-12-31T24:00:00", "0001-01-01T00:00+00:01"),
        *("2024-W05-1", "2024-029", "29/01/2024", "1706557182", "2024-02-30", "2024-01-29T19:39:42+15", "now"),
        *("2024-01-29T19:39:42+01:0", "2024-01-29T19:39:42+01:", "2024-01-29T19:39:42 +", "2024-01-29T19:39:42Zz"),
    ],
)
def test_what_may_mean_something_else_is_refused(text: str) -> None:
    """A guessed time would put the event on a wrong day silently."""
    assert read([text]) == [expected(text)] == [text]


def any_of(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


MARKS, COLON, SPACE = any_of("", "-"), any_of("", ":"), any_of("", " ", "\t ", "\n", "\x0b")
ODD_DATES = st.tuples(any_of("2024", "0000", "9999"), MARKS, any_of("02", "13"), MARKS, any_of("29", "32"))
DATES = st.one_of(st.dates().map(str), st.dates().map("{:%Y%m%d}".format), ODD_DATES.map("".join))
TWO = st.integers(0, 62).map("{:02d}".format) | any_of("24", "00", "60", "7", "")
FRACTION = any_of("", ".", ",", ".5", ",000", ".0000001", ".123456789012345")
ZONES = any_of("", "Z", "z", "UTC", "gmt", "+00", "-0530", "+05:30", "+14:59", "-15", "+1", "+01:", "[X]", "CET")
TIMES = st.tuples(any_of("T", "t", " ", "", "_"), TWO, COLON, TWO, COLON, TWO, FRACTION).map("".join)
FORMS = st.tuples(SPACE, DATES, TIMES, SPACE, ZONES, SPACE).map("".join)
CUT = st.builds(lambda text, end: text[:end], FORMS, st.integers(0, 30))


@given(st.lists(st.one_of(FORMS, CUT, st.text(max_size=30)), min_size=1, max_size=20))
@example(["", " ", "2024-01-29T19:39:42Z"])
def test_machine_code_and_the_independent_reader_agree(texts: list[str]) -> None:
    """They agree on every time, and on texts that are no times."""
    assert read(texts) == [expected(text) for text in texts]


@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)), any_of(" ", "T"), st.integers(-840, 840))
def test_what_python_prints_is_what_it_was(time: dt.datetime, separator: str, offset: int) -> None:
    """Times with any offset of whole minutes."""
    sent = time.replace(tzinfo=dt.timezone(dt.timedelta(minutes=offset)))
    assert read([sent.isoformat(separator)]) == [sent.astimezone(dt.UTC)]
