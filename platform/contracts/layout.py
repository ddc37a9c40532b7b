"""Layout: how folders of the landing zone name the arrival hour.

Belongs here: folder schemes. Not here: what is listed in them (`resources.landing.folder`).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property

from partitions import inside_window


@dataclass(frozen=True)
class Layout:
    """A folder scheme of the landing zone: how an object's path, below the stream's prefix, names its arrival hour.

    `folder` is the strftime form of the hour's folder and `levels` one pattern a path level.
    """

    folder: str
    levels: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("^" + "/".join(self.levels) + "/", re.ASCII)

    def covers(self, parts: tuple[str, ...], window: tuple[dt.datetime, dt.datetime]) -> bool:
        """Whether a folder, given by its path's parts, is of one hour, and that is inside a window.

        The folders above hold hours, but may hold objects of no hour as well.
        """
        return inside_window(self.hour("/".join([*parts, ""])), window)

    def hour(self, path: str) -> dt.datetime | None:
        """The UTC hour that a path names, or None when the scheme does not fit it."""
        found = self.pattern.match(path)
        try:
            return dt.datetime(*map(int, found.groups()), tzinfo=dt.UTC) if found else None  # type: ignore[arg-type, misc]
        except ValueError:
            return None


PLAIN = Layout("%Y/%m/%d/%H", (r"(\d{4})", r"(\d{2})", r"(\d{2})", r"(\d{2})"))
HIVE = Layout("year=%Y/month=%m/day=%d/hour=%H", (r"year=(\d{4})", r"month=(\d{2})", r"day=(\d{2})", r"hour=(\d{2})"))
