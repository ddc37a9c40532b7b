"""Times in other forms than ISO 8601: what each means, and what is refused when a contract is loaded."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.times import Epoch, LocalTime, TimeForm

EIGHT = dt.datetime(2025, 1, 6, 8, tzinfo=dt.UTC)
TIMES = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1))


def read(form: TimeForm, text: str) -> dt.datetime | None:
    frame = pl.DataFrame({"sent": [text]}, {"sent": pl.String})
    found = frame.select(form.microseconds(pl.col("sent")).cast(pl.Datetime("us", "UTC"))).item()
    assert found is None or isinstance(found, dt.datetime)
    return found


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Epoch("s"), "1736150400"),
        (Epoch("s"), " 1736150400.0000009 "),
        (Epoch("ms"), "1736150400000"),
        (Epoch("us"), "1736150400000000"),
        (Epoch("ns"), "1736150400000000999"),
        (LocalTime("%d.%m.%Y %H:%M", "Europe/Berlin"), "06.01.2025 09:00"),
        (LocalTime("%m/%d/%Y %I:%M %p", "-05:00"), "1/6/2025 3:00 AM"),
        (LocalTime("%d/%b/%Y:%H:%M:%S %z"), "06/Jan/2025:09:00:00 +0100"),
        (LocalTime("%Y-%m-%d %H:%M:%S%.f"), "2025-01-06 08:00:00.000"),
        (LocalTime("%y%m%d %H%M"), "250106 0800"),
    ],
)
def test_eight_o_clock(form: TimeForm, text: str) -> None:
    assert read(form, text) == EIGHT


@given(TIMES)
def test_a_number_is_the_time_since_1970(at: dt.datetime) -> None:
    """To the microsecond, whatever the unit."""
    micros = (at - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    expected = at.replace(tzinfo=dt.UTC)
    assert read(Epoch("us"), str(micros)) == read(Epoch("ns"), f"{micros}000") == expected
    assert read(Epoch("s"), f"{micros // 10**6}.{micros % 10**6:06d}") == expected


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("31.03.2024 01:59", "2024-03-31 00:59"),
        ("31.03.2024 02:30", None),  # the clock skips this hour
        ("31.03.2024 03:00", "2024-03-31 01:00"),
        ("27.10.2024 02:30", "2024-10-27 00:30"),  # it repeats this one
        ("31.02.2024 02:30", None),
        ("2024-03-31 02:30", None),
        ("01.07.2024", None),
    ],
)
def test_a_clock_may_skip_and_repeat_an_hour(text: str, utc: str | None) -> None:
    expected = utc and dt.datetime.fromisoformat(f"{utc}+00:00")
    assert read(LocalTime("%d.%m.%Y %H:%M", "Europe/Berlin"), text) == expected


@pytest.mark.parametrize("text", ["soon", "", "1e30", "0x10", "12:00"])
def test_what_is_no_number_is_no_time(text: str) -> None:
    assert read(Epoch("ms"), text) is None


@pytest.mark.parametrize(
    ("form", "zone", "message"),
    [
        ("%d.%m.%Y", "Berlin", "cannot read '%d.%m.%Y' in zone 'Berlin'"),
        ("%Q", "UTC", "cannot read '%Q'"),
        ("%d.%m.%Y %H", "UTC", "specify both hour and minute"),
        ("%H:%M", "UTC", "must have a day, a month and a year"),
        ("%Y-%m", "UTC", "must have a day, a month and a year"),
        ("", "UTC", "must have a day, a month and a year"),
    ],
)
def test_a_wrong_form_is_refused(form: str, zone: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalTime(form, zone)


def test_a_unit_is_one_of_four() -> None:
    with pytest.raises(ValueError, match="one of s, ms, us, ns, not 'minutes'"):
        Epoch("minutes")
