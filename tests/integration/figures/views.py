"""Views of pages and screens, and how long and how far down they were seen."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from figures.engagement import ratio
from figures.events import Event, TableRows, World

CAMPAIGN = tuple(
    (name,) for name in ("refr_urlhost", "mkt_source", "mkt_medium", "mkt_campaign", "mkt_term", "mkt_content")
)
LANDING = (
    *[("app_id",), *CAMPAIGN, ("geo_country", "country"), ("geo_region",), ("geo_city", "city")],
    *[("dvce_type", "yauaa_device_class", "device"), ("br_family", "yauaa_agent_name", "browser")],
    *[("os_family", "os_name", "operating_system"), ("br_lang",)],
)
"""What the first view of a session says of it: silver's columns in the streams; the first that is known counts."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class View:
    """One view: its view events in order, and its pings in the session that it began in."""

    space: str
    id: str
    events: list[Event]
    pings: list[Event]

    @property
    def first(self) -> Event:
        return self.events[0]

    @property
    def page(self) -> str | None:
        return page(self.first)

    @property
    def engaged_seconds(self) -> int:
        """5 seconds for the first ping, 10 for each further heartbeat in which there was one."""
        times = (event.row["dvce_created_tstamp"] or event.at for event in self.pings)
        heartbeats = {(time - EPOCH) // dt.timedelta(seconds=10) for time in times}
        return 5 + 10 * (len(heartbeats) - 1) if heartbeats else 0

    @property
    def scroll_depth(self) -> float | None:
        """The deepest bottom of the window, over the greatest height of the page."""
        own = [event for event in self.events + self.pings if event.session == self.first.session]
        shown = [event for event in own if event.name != "screen_view"]
        pages = [event.row for event in shown if (event.row.get("doc_height") or 0) > 0]
        seen = [
            max(row["pp_yoffset_max"] or 0, 0) + row["br_viewheight"]
            for row in pages
            if row["br_viewheight"] is not None
        ]
        height = max((row["doc_height"] for row in pages), default=None)
        return ratio(min(max(seen), height), height) if seen and height else None


def page_host(event: Event) -> str | None:
    host: str | None = event.row.get("page_urlhost")
    return host


def page_path(event: Event) -> str | None:
    path: str | None = event.row.get("page_urlpath", event.row.get("page_path"))
    return path


def page_title(event: Event) -> str | None:
    return event.row.get("page_title") or event.row.get("screen_name")


def page(event: Event) -> str | None:
    path = page_path(event)
    return page_title(event) if path is None else f"{page_host(event) or ''}{path}"


def known(names: tuple[str, ...], event: Event) -> str | None:
    """The first of some columns that is known."""
    return next((value for name in names if (value := event.row.get(name)) is not None), None)


def landing(event: Event) -> tuple[str | None, ...]:
    return tuple(known(names, event) for names in LANDING)


def views(world: World) -> list[View]:
    """All views, in order of their first events. Pings without a view are none."""
    shown: dict[tuple[str, str], list[Event]] = defaultdict(list)
    pings: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in world.all_events:
        id = event.row.get("view_id")
        if event.name == "page_ping" and "view_id" in event.row:
            pings[event.space, id or event.id].append(event)
        elif event.view and (id or page_path(event) or event.row.get("page_title")):
            shown[event.space, id or event.id].append(event)
        elif event.view and event.row.get("screen_name"):
            shown[event.space, event.id].append(event)
    return [
        View(*key, events, [ping for ping in pings[key] if ping.session == events[0].session])
        for key, events in shown.items()
    ]


def fct_page_views(world: World) -> TableRows:
    """(space, id, person, session, index in it, time, date, page, title, landing columns, seconds, depth, bot)."""
    found: TableRows = set()
    in_session: dict[tuple[str, str], int] = defaultdict(int)
    for view in views(world):
        first, person = view.first, world.person(view.first)
        index = None
        if first.session is not None:
            in_session[view.space, first.session] += 1
            index = in_session[view.space, first.session]
        found.add(
            (view.space, view.id, person and person[1], first.session, index, first.at, first.date, view.page)
            + (page_title(first), *landing(first))
            + (view.engaged_seconds, view.scroll_depth, any(event.bot for event in view.events + view.pings))
        )
    return found
