"""Findings: what needs attention, as `make status` and the job `status` list it.

Belongs here: one finding, and a list of them as text and as a table. Not here: where findings come from
(`run_history`, `status`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import dagster as dg

LISTED = 5
TABLE_COLUMNS = ("asset", "state", "what", "partition", "why")


class State(Enum):
    """What is wrong, the most urgent first."""

    FAILED = "failed"
    REFUSED = "refused"
    LATE = "late"
    WARNING = "warning"
    WAITING = "waiting"


URGENCY = {state: number for number, state in enumerate(State)}


@dataclass(frozen=True)
class Finding:
    """Something that needs attention.

    `asset` is an asset key as text: `silver/commerce`. `what` is the kind of finding. `partition` is an arrival hour or
    an event date, empty for a whole asset. `why` is a line of details, or empty.
    """

    asset: str
    state: State
    what: str
    partition: str = ""
    why: str = ""

    @property
    def stream(self) -> str:
        """The stream of a lake asset; `gold` for all models of gold."""
        layer, _, name = self.asset.partition("/")
        return layer if layer == "gold" else name


def ordered(findings: Iterable[Finding], streams: Iterable[str]) -> list[Finding]:
    """Findings by stream, gold last; then the most urgent state first, by kind; then the newest partition first."""
    place = {stream: number for number, stream in enumerate(streams)}
    newest_first = sorted(findings, key=lambda found: (found.partition, found.why), reverse=True)
    return sorted(
        newest_first,
        key=lambda found: (place.get(found.stream, len(place)), URGENCY[found.state], found.asset, found.what),
    )


def status_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Lines for a terminal from `ordered` findings: for each kind how many there are, and the newest ones."""
    kinds: defaultdict[tuple[State, str, str], list[Finding]] = defaultdict(list)
    for found in findings:
        kinds[found.state, found.asset, found.what].append(found)
    if not kinds:
        yield "nothing is failed, refused, late or waiting"
    for (state, asset, what), group in kinds.items():
        yield f"{asset:<24} {state.value:<8} {what}" + (f": {len(group):,}" if len(group) > 1 else "")
        yield from (f"  {found.partition:<18}{found.why}".rstrip() for found in group[:LISTED] if _says_more(found))
        if len(group) > LISTED:
            yield f"  {len(group) - LISTED:,} more, back to {group[-1].partition or 'an unknown hour'}"


def _says_more(found: Finding) -> bool:
    return bool(found.partition or found.why)


def findings_table(findings: Iterable[Finding]) -> dg.TableMetadataValue:
    """All findings as a table for the UI."""
    rows = [(found.asset, found.state.value, found.what, found.partition, found.why) for found in findings]
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in TABLE_COLUMNS])
    return dg.MetadataValue.table([dg.TableRecord(dict(zip(TABLE_COLUMNS, row, strict=True))) for row in rows], schema)
