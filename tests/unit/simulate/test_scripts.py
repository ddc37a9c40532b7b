"""Scripts: sessions lose people at every step, and those who read the newsletter buy more often."""

from __future__ import annotations

import polars as pl
import pytest

from simulate import dice
from simulate.clickstream.stream import BUY_A, BUY_B
from simulate.clickstream.stream import SCRIPTS as CLICKSTREAM
from simulate.commerce.sessions import SCRIPTS as COMMERCE
from simulate.mobile.stream import SCRIPTS as MOBILE
from simulate.scripts import LONGEST, Scripts, walks
from simulate.snowplow.stream import SCRIPTS as SNOWPLOW
from simulate.web.stream import SCRIPTS as WEB

BUYS, LEAVES = 1, {}


def keys(count: int) -> pl.DataFrame:
    index = pl.select(index=pl.int_range(count))
    return index.with_columns(key=dice.key(1, "scripts", "index"))


def test_a_walk_follows_its_chances() -> None:
    scripts = walks("test", {0: 1.0}, {0: {0: 0.5, BUYS: 0.1}, BUYS: LEAVES}, count=20_000)
    assert all(script[0] == 0 and BUYS not in script[:-1] and len(script) <= LONGEST for script in scripts)
    assert sum(len(script) == 1 for script in scripts) / 20_000 == pytest.approx(0.4, abs=0.02)
    assert sum(script[-1] == BUYS for script in scripts) / 20_000 == pytest.approx(0.2, abs=0.02)
    assert scripts == walks("test", {0: 1.0}, {0: {0: 0.5, BUYS: 0.1}, BUYS: LEAVES}, count=20_000)


def test_the_invited_buy_more_often() -> None:
    scripts = Scripts([[0]] * 98 + [[0, BUYS]] * 2, goals=[BUYS])
    rates = []
    for invited in (False, True):
        rows = keys(50_000).with_columns(bot=pl.lit(False), invited=pl.lit(invited))
        rates.append(rows.select(pl.lit(scripts.reaches_goal).gather(scripts.pick()).mean()).item())
    assert rates == [pytest.approx(0.02, abs=0.003), pytest.approx(0.06, abs=0.005)]


def test_bots_crawl() -> None:
    scripts = Scripts([[0]], crawl=[0] * 50)
    rows = keys(50_000).with_columns(bot=scripts.is_bot(), invited=pl.lit(False))
    assert 0.001 < rows["bot"].mean() < 0.006  # type: ignore[operator]
    lengths = rows.with_columns(length=pl.lit(scripts.lengths).gather(scripts.pick()))
    assert lengths.filter("bot")["length"].unique().to_list() == [50]
    assert scripts.mean == pytest.approx(lengths["length"].mean(), rel=0.1)
    assert not keys(1_000).select(Scripts([[0]]).is_bot().alias("bot"))["bot"].any()


@pytest.mark.parametrize("scripts", [CLICKSTREAM, COMMERCE, MOBILE, SNOWPLOW, WEB])
def test_most_sessions_have_several_events(scripts: Scripts) -> None:
    lengths = scripts.lengths[: scripts.count]
    assert (lengths == 1).sum() < 0.35 * len(lengths)
    assert lengths.max() <= LONGEST  # type: ignore[operator]


def test_few_visits_of_the_site_end_in_a_purchase() -> None:
    steps = CLICKSTREAM.steps[: CLICKSTREAM.count]
    bought = steps.list.contains(BUY_A) | steps.list.contains(BUY_B)
    assert 0.01 < bought.mean() < 0.04  # type: ignore[operator]
