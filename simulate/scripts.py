"""Scripts: the events of a session in their order, from the chances with which one event follows another.

When events happen does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random

import polars as pl

from simulate import dice
from simulate.traffic import LIFT

Chances = Mapping[int, float]
"""By event number, the chance that it comes next. With the remaining chance, the session ends."""

BOT_SHARE = 0.003  # of the sessions
LONGEST = 40  # events


def walks(name: str, start: Chances, follow: Mapping[int, Chances], count: int = 1024) -> list[list[int]]:
    """Random scripts. `start`: the first event. `follow`: by event number, what comes after it."""
    random, scripts = Random(name), []
    for _ in range(count):
        script: list[int] = []
        chances = start
        while len(script) < LONGEST and (event := _draw(chances, random)) is not None:
            script.append(event)
            chances = follow.get(event, {})
        scripts.append(script)
    return scripts


def _draw(chances: Chances, random: Random) -> int | None:
    left = random.random()
    for event, chance in chances.items():
        left -= chance
        if left < 0:
            return event
    return None


class Scripts:
    """The scripts of a stream's sessions, lists of event numbers, all equally likely.

    `goals`: the events that the newsletter wants. `crawl`: the script of bots; empty for a stream without bots.
    `views`: the events that begin a view of a page or screen. `beats`: the events that a tracker sends in regular
    intervals. `mean`: the mean number of events. By script: `lengths`, `steps` (its event numbers), `ordinals` (0, 1,
    2, …) and `views_begun` (at each step, the number of views so far).
    """

    def __init__(
        self,
        scripts: Sequence[Sequence[int]],
        goals: Sequence[int] = (),
        crawl: Sequence[int] = (),
        *,
        views: Sequence[int] = (),
        beats: Sequence[int] = (),
    ) -> None:
        steps = [list(script) for script in scripts]
        self.count = len(steps)
        self.bot_share = BOT_SHARE if crawl else 0.0
        self.mean = sum(map(len, steps)) / len(steps) * (1 - self.bot_share) + len(crawl) * self.bot_share
        steps.append(list(crawl))
        self.lengths = pl.Series([len(script) for script in steps])
        self.steps = pl.Series(steps, dtype=pl.List(pl.Int64))
        self.ordinals = pl.Series([list(range(len(script))) for script in steps], dtype=pl.List(pl.Int64))
        begun = [list(accumulate(event in views for event in script)) for script in steps]
        self.views_begun = pl.Series(begun, dtype=pl.List(pl.Int64))
        self.views, self.beats = tuple(views), tuple(beats)
        self.reaches_goal = pl.Series([not set(goals).isdisjoint(script) for script in steps])

    def is_bot(self) -> pl.Expr:
        """Whether a bot causes the session, for each `key`."""
        return dice.chance(self.bot_share, "bot")

    def pick(self) -> pl.Expr:
        """A script's number for rows with `key`, `bot` and `invited`. The invited have `LIFT` tries for a goal."""
        script = dice.below(self.count, "script").cast(pl.Int64)
        for chance in range(2, LIFT + 1):
            tries_again = pl.col("invited") & ~pl.lit(self.reaches_goal).gather(script)
            another = dice.below(self.count, f"script {chance}").cast(pl.Int64)
            script = pl.when(tries_again).then(another).otherwise(script)
        return pl.when("bot").then(self.count).otherwise(script)
