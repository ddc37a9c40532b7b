"""Names of landed objects with messages of Kafka: they say which messages have landed.

An object is named by topic, topic id, partition, and the offset that follows the object before it. So two drains that
know the same objects choose the same name, and only one of them can create it. The first message of an object may have
a higher offset than its name: transactions leave holes, and retention deletes messages.

The folder of an object is the hour in which it was written, so the same name could be created in two folders. A claim
prevents that: a small object, created before, with a path that has no hour. Its content is the hour.

Belongs here: names and paths. Not here: creating objects (`write`), finding them (`positions`).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from contracts.stream import Stream

CLAIMS = "_claims"  # the underscore hides the folder from whoever lists landed objects
_NAME = re.compile(r"([\w.-]+)\+([\w-]{22})\+(\d+)\+(\d{20})\.json\.gz", re.ASCII)


@dataclass(frozen=True, order=True)
class ObjectName:
    """The name of an object with messages of one partition. `first` is where it continues from the object before.

    Raises `ValueError` for a topic or an id that would not be read back from the name.
    """

    topic: str
    topic_id: str
    partition: int
    first: int

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(str(self)):
            raise ValueError(f"no name of an object can be made of {self!r}")

    def __str__(self) -> str:
        return f"{self.topic}+{self.topic_id}+{self.partition}+{self.first:020d}.json.gz"

    @classmethod
    def of(cls, path: str) -> ObjectName | None:
        """The name at the end of a path. None if no drain has written the object."""
        found = _NAME.fullmatch(path.rsplit("/", 1)[-1])
        return cls(found[1], found[2], int(found[3]), int(found[4])) if found else None

    def path(self, stream: Stream, hour: dt.datetime) -> str:
        """The object's path in the landing zone, if an arrival hour is its folder."""
        return f"{stream.folder}/{hour.strftime(stream.layouts[0].folder)}/{self}"

    def claim(self, stream: Stream) -> str:
        """The path of the object's claim."""
        return f"{stream.folder}/{CLAIMS}/{self}".removesuffix(".json.gz")
