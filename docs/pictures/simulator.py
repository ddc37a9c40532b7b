"""Draw what simulated events look like, and print the figures behind the drawing.

`PYTHONPATH=. python docs/pictures/simulator.py` writes `simulator.svg` beside this file. It needs nothing but the
simulator. The figures are made in `simulator_figures`.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence
from math import log10
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from simulator_figures import READERS, events_per_person, funnel, read_events, retention, sessions

from simulate.plan import Plan, Shares

FOLDER = Path(__file__).resolve().parent
START = dt.datetime(2026, 1, 5)  # a Monday
DEMO = Plan(START, hours=49, rate=900, seed=7)
WEEK = Plan(START, hours=7 * 24, rate=300, seed=7, shares=Shares.none())
MONTH = Plan(START, hours=35 * 24, rate=100, seed=7, shares=Shares.none())
GOALS = {"snowplow": "transaction", "mobile": "purchase", "web": "share", "commerce": "order_placed"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, COLUMNS = 400, 250, 50, 34, 40, 2
BLUE, GREY = "#2563a8", "#667"


def text(x: float, y: float, words: str, anchor: str = "middle", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{GREY}">{words}</text>'


def panel(title: str, below: str, values: Sequence[float], labels: Sequence[str], form: str = "{:,.0f}") -> str:
    """A chart of bars. Labels that are empty are not written."""
    most, step = max(values), (WIDTH - LEFT - 10) / len(values)
    floor, tall = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    parts = [text(WIDTH / 2, 18, title, size=13), text(WIDTH / 2, HEIGHT - 6, below)]
    for share in (0.0, 0.5, 1.0):
        y = floor - share * tall
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>')
        parts.append(text(LEFT - 5, y + 4, form.format(most * share), "end"))
    for place, (value, label) in enumerate(zip(values, labels, strict=True)):
        x, height = LEFT + place * step, value / most * tall
        bar = f'x="{x:.1f}" y="{floor - height:.1f}" width="{max(step - 1, 0.8):.1f}" height="{height:.1f}"'
        parts.append(f'<rect {bar} fill="{BLUE}"/>')
        parts += [text(x + step / 2, floor + 14, label, size=9)] if label else []
    return "".join(parts)


def drawing(panels: Sequence[str]) -> str:
    """All panels, in rows."""
    rows = -(-len(panels) // COLUMNS)
    placed = "".join(
        f'<g transform="translate({place % COLUMNS * WIDTH} {place // COLUMNS * HEIGHT})">{content}</g>\n'
        for place, content in enumerate(panels)
    )
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}" width="{COLUMNS * WIDTH}" font-family="sans-serif"'
    paper = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{paper}\n{placed}</svg>\n'


def by_hour() -> str:
    counts = read_events("clickstream", WEEK).group_by("arrival").len().sort("arrival")["len"].to_list()
    days = [f"{START + dt.timedelta(hours=hour):%a}" if hour % 24 == 12 else "" for hour in range(len(counts))]
    return panel("Events an hour, a week of clickstream", "at 17:00 the newsletter is sent", counts, days)


def by_rank(events: pl.DataFrame) -> str:
    counts = events_per_person(events)
    ranks = sorted({int(10 ** (step / 10)) for step in range(int(10 * log10(len(counts))) + 1)})
    labels = [f"{rank:,}" if rank in (1, 10, 100, 1_000) else "" for rank in ranks]
    title = "Events of a person in two days, commerce"
    return panel(title, "rank of the person, logarithmic", [counts[r - 1] for r in ranks], labels)


def by_length(events: pl.DataFrame) -> str:
    found = sessions(events).filter(pl.col("events") > 1)
    counts = [len(found.filter(pl.col("minutes").is_between(low, low + 2, closed="left"))) for low in range(0, 60, 2)]
    labels = [str(low) if low % 10 == 0 else "" for low in range(0, 60, 2)]
    return panel("Length of sessions of two events or more, clickstream", "minutes", counts, labels)


def by_age() -> str:
    events = read_events("web", MONTH)
    cohorts = [retention(events, first, 27) for first in range(1, 8)]
    means = [100 * sum(ages) / len(ages) for ages in zip(*cohorts, strict=True)][1:]
    labels = [str(age) if age in (1, 7, 14, 21, 27) else "" for age in range(1, 28)]
    return panel("Newcomers who are back, web", "days after the first", means, labels, "{:.0f} %")


def by_step(events: pl.DataFrame) -> str:
    steps = funnel(events, "commerce")
    labels = [f"{100 * users / steps[0][1]:.1f} %" for _, users in steps]
    names = ", ".join(name for name, _ in steps)
    return panel("Funnel of commerce, people in two days", names, [users for _, users in steps], labels)


def by_channel() -> str:
    found = sessions(read_events("commerce", WEEK)).with_columns(buys=pl.col("names").list.contains("order_placed"))
    rates = found.group_by("source").agg(pl.col("buys").mean() * 100).sort("source")
    title = "Sessions that place an order, by channel"
    return panel(
        title,
        "email is mostly the newsletter",
        rates["buys"].to_list(),
        [name.replace("_", " ") for name in rates["source"]],
        "{:.1f} %",
    )


def describe(stream: str, events: pl.DataFrame) -> None:
    """Print the figures of a stream as rows of a Markdown table."""
    people, found = events_per_person(events), sessions(events)
    goal = found["names"].list.contains(GOALS.get(stream, "purchase")).mean()
    steps = funnel(events, stream)
    late = (events["arrival"] - events["at"]).dt.total_seconds() > 0
    figures = {
        "events": f"{len(events):,}",
        "people": f"{len(people):,}",
        "events of a person: median, 90 %, 99 %, most": [people.quantile(q) for q in (0.5, 0.9, 0.99, 1)],
        "session minutes: median, 90 %, 99 %": [found["minutes"].quantile(q) for q in (0.5, 0.9, 0.99)],
        "session events: median, 90 %, 99 %": [found["events"].quantile(q) for q in (0.5, 0.9, 0.99)],
        "sessions of one event": f"{100 * (found['events'] == 1).sum() / len(found):.0f} %",
        "sessions that reach the goal": f"{100 * goal:.1f} %",  # type: ignore[operator]
        "funnel": " → ".join(f"{name} {users:,}" for name, users in steps),
        "funnel, overall": f"{100 * steps[-1][1] / steps[0][1]:.1f} %",
        "back on day 1": f"{100 * retention(events.filter(~late), 0, 1)[1]:.0f} %",
        "events of bots by user agent": f"{100 * events['source'].str.contains('(?i)bot').sum() / len(events):.1f} %",
        "events that arrive after their hour": f"{100 * late.sum() / len(events):.1f} %",
    }
    for name, value in figures.items():
        shown = value if isinstance(value, str) else ", ".join(f"{number:.3g}" for number in value)
        print(f"{stream:<12} {name:<46} {shown}")


def main() -> None:
    events = {stream: read_events(stream, DEMO) for stream in READERS}
    for stream, of_stream in events.items():
        describe(stream, of_stream)
    panels = [by_hour(), by_rank(events["commerce"]), by_length(events["clickstream"]), by_age()]
    panels += [by_step(events["commerce"]), by_channel()]
    (FOLDER / "simulator.svg").write_text(drawing(panels))


if __name__ == "__main__":
    main()
