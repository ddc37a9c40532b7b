"""Small landed files of every stream, from samples of real producers and from the simulator, for fuzzing.

Not here: how they are spoilt (`spoiling`).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.streams import STREAMS

SAMPLES = Path(__file__).parents[2] / "samples"
FEW = 6  # records of a file, so that most of what is spoilt counts
DEFECTS = Shares(*[0.05] * 8)
PLAN = Plan(datetime(2026, 1, 1), hours=1, rate=60, seed=3, shares=DEFECTS, events_per_file=6, canaries=True)
Corpus = dict[str, list[bytes]]


def corpus(folder: Path) -> Corpus:
    """Uncompressed contents by stream; the simulator writes its files to the folder."""
    found: Corpus = {name: [] for name in STREAMS}
    for name, content in _sampled():
        found[name].append(content)
    for stream in STREAMS.values():
        simulate(stream, PLAN, folder)
        paths = sorted(path for path in (folder / stream.name).rglob("*") if path.is_file())
        found[stream.name] += [_plain(path) for path in paths]
    return found


def _sampled() -> Iterator[tuple[str, bytes]]:
    """The samples, cut into files of a few records."""
    for path in sorted(SAMPLES.glob("clickstream/*.gz")):
        yield from (("clickstream", lines) for lines in _few(_plain(path)))
    for name in ("input-events", "output-badrows"):
        yield from (("snowplow", lines) for lines in _few((SAMPLES / "snowplow" / name).read_bytes()))
    header, _, rows = (SAMPLES / "mobile" / "simulated_data.csv").read_bytes().partition(b"\n")
    yield from (("mobile", header + b"\n" + lines) for lines in _few(rows))
    events = json.loads((SAMPLES / "web" / "data.json").read_bytes())
    yield from (("web", json.dumps(events[at : at + FEW], indent=2).encode()) for at in range(0, len(events), FEW))


def _few(content: bytes) -> Iterator[bytes]:
    lines = content.splitlines(keepends=True)
    return (b"".join(lines[at : at + FEW]) for at in range(0, len(lines), FEW))


def _plain(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
