"""How folders of the landing zone name the arrival hour.

Belongs here: folder schemes. Not here: listing the folders (`resources.landing`).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property

from partitions import inside_window


@dataclass(frozen=True)
class Layout:
    """A folder scheme: how an object's path, below the stream's prefix, names its arrival hour.

    `folder` is the hour's folder as a strftime format; `levels` has one pattern per level of the path.
    """

    folder: str
    levels: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("^" + "/".join(self.levels) + "/", re.ASCII)

    def covers(self, parts: tuple[str, ...], window: tuple[dt.datetime, dt.datetime]) -> bool:
        """Whether a folder, given by the parts of its path, is an hour's folder, and the hour is inside the window.

        False for the folders above: they hold hours, but may also hold objects that belong to no hour.
        """
        return inside_window(self.hour("/".join([*parts, ""])), window)

    def hour(self, path: str) -> dt.datetime | None:
        """The UTC hour that a path names, or None if the scheme does not fit."""
        found = self.pattern.match(path)
        try:
            return dt.datetime(*map(int, found.groups()), tzinfo=dt.UTC) if found else None  # type: ignore[arg-type, misc]
        except ValueError:
            return None


PLAIN = Layout("%Y/%m/%d/%H", (r"(\d{4})", r"(\d{2})", r"(\d{2})", r"(\d{2})"))
HIVE = Layout("year=%Y/month=%m/day=%d/hour=%H", (r"year=(\d{4})", r"month=(\d{2})", r"day=(\d{2})", r"hour=(\d{2})"))
