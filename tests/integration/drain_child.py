"""A process that drains a topic again and again, and may be killed. It has no Dagster, so it starts in a second.

`python drain_child.py BROKERS TOPIC FOLDER RECORDS`: RECORDS is how many messages an object may have.
"""

from __future__ import annotations

import sys
from pathlib import Path

from topics import RECORDS, Topic


def main(brokers: str, name: str, folder: str, records: str) -> None:
    topic = Topic(brokers, name, Path(folder), **{RECORDS: records})
    while True:
        topic.before = None  # as if no run had recorded anything
        topic.drain()


if __name__ == "__main__":
    main(*sys.argv[1:])
