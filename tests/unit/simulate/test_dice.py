"""Dice: the values are SplitMix64's own, so that no upgrade of a library changes what a seed means."""

from __future__ import annotations

import polars as pl

from simulate import dice

MASK = 2**64 - 1


def splitmix(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def test_rolls_are_splitmix() -> None:
    keys = [0, 1, 2**40, MASK]
    rolled = pl.DataFrame({"key": keys}, schema={"key": pl.UInt64}).select(dice.roll("purpose")).to_series()
    assert rolled.to_list() == [splitmix((key + dice.salt("purpose")) & MASK) for key in keys]


def test_uniform_fills_its_range() -> None:
    frame = pl.select(index=pl.int_range(20_000)).select(key=dice.key(1, "test", "index"))
    values = frame.select(dice.uniform("u")).to_series()
    quarters = (values * 4).floor().value_counts()["count"]
    assert (float(values.min()), float(values.max())) >= (0.0, 0.999)  # type: ignore[arg-type]
    assert values.max() < 1  # type: ignore[operator]
    assert quarters.is_between(4_700, 5_300).all()


def test_chance_is_exact_at_its_ends() -> None:
    frame = pl.select(index=pl.int_range(1_000)).select(key=dice.key(1, "test", "index"))
    never, always = frame.select(never=dice.chance(0, "c"), always=dice.chance(1, "c")).sum().row(0)
    assert (never, always) == (0, 1_000)


def test_uuids_differ_and_look_the_part() -> None:
    frame = pl.select(index=pl.int_range(5_000)).select(key=dice.key(1, "test", "index"))
    texts = dice.uuids(frame, "key")
    assert texts.n_unique() == len(frame)
    assert texts.str.contains(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").all()
    assert dice.uuids(frame.clear(), "key").is_empty()
