"""Descriptions: what a page of the lake's assets says above its figures, in Markdown.

Their first paragraph is plain text, because lists of assets show it as it is.

Belongs here: texts for people. Not here: columns, owners, tags (`asset_specs`), advice on failed checks (`advice`).
"""

from __future__ import annotations

from assets.freshness import oldest_allowed
from assets.ui import in_words
from contracts.stream import Stream
from events.rejections import REASONS
from lake.schemas import Layer

BRONZE = """One row per landed record, valid or not: its bytes, file and line. {description}.

**Where it comes from.** Objects in `{folder}/` of an arrival hour, the hour in the object's path. `ledger.{name}` names
every object with its number of records, or why it was refused.

**What the checks promise.** `complete`: every loaded object is here in full. `readable`: no object was refused.
`volume` warns when far fewer or more records landed than in the same hour of other weeks.

**Load and replay.** Drop a file into the hour's folder: the sensor `arrivals` loads it. Drop it again under the same
path: its records replace the earlier ones. To materialize an hour again does nothing when nothing has changed.

**Figures.** Counts and bytes are of the hour. `run_…` is of the whole run, which may load up to 24 hours.
"""

SILVER = """One row per event, typed and conformed to the contract. {description}.

**Where it comes from.** The records of `bronze/{name}` that contract {version} accepts. The others are in
`rejected/{name}`.

**What the checks promise.** `conservation`: every row of bronze is in silver or rejected, exactly once. `contract`: no
row breaks a rule. `freshness`, `late_share` and `drift` warn of late hours, of many late events and of unknown fields.
`up_to_date`: the newest event is at most {limit} old.

**Mend and replay.** Change `platform/contracts/{name}.py`, raise its version, and materialize the hours: they are
judged anew. `again: true` in the run's config judges them in any case.

**Figures.** A row is late if its event is more than {freshness} older than the end of its arrival hour. The preview is
of the newest hour of the run, without personal columns.
"""

REJECTED = """One row per record that is not in silver, with its reason. {description}.

**Reasons**: {reasons}.

**Where it comes from.** The records of `bronze/{name}` that contract {version} does not accept, and the second record
of a key.

**What the checks promise.** `rejected_share` warns when more than {warn} of an hour's records are refused or more than
{duplicates} are duplicates, and fails when more than {error} are refused.

**Find, mend, replay.** `make rejected STREAM={name} HOUR=…` lists file, line and what is wrong. Land a corrected file
under the same path, or mend the contract and materialize the hour again.
"""

WAREHOUSE = """One row per event of silver, where dbt reads them. {description}.

**Where it comes from.** Relation `silver.{name}` shows the current snapshot of `silver/{name}`. Each run applies what
has changed since the last one.

**If it is wrong**, materialize it again. After a lost or damaged file: `make repair STREAM={name}`.
"""

LANDING = """Messages of the topic `{topic}`, as objects of the landing zone. {description}.

**Where it comes from.** Brokers of Kafka, named by `KAFKA_BOOTSTRAP_SERVERS`. Each run lands what is new in each
partition. The names of the objects say where the next run goes on; no consumer group is used.

**What the check promises.** `offsets`: in the last 7 days no message was deleted before it was drained, and the topic
and its partitions have stayed the same.

**Figures.** `lag_…` is how many offsets each partition holds beyond what was read. `tombstones` (no value), `not_text`
(the value is not UTF-8) and `oversize` (above 16 MiB) are messages that are landed and make no event.
"""

_CONTRACT = """
**Contract** {version}: `platform/contracts/{name}.py`, readable as `docs/contracts/{name}.md` and below as `contract`.
"""


def describe(text: str, stream: Stream) -> str:
    """One of the texts above, for a stream."""
    share = stream.rejected_share
    return (text + _CONTRACT).format(
        name=stream.name,
        folder=stream.folder,
        topic=stream.topic or "",
        description=stream.description,
        version=stream.version,
        limit=in_words(oldest_allowed(stream)),
        freshness=in_words(stream.freshness),
        reasons=", ".join(f"`{reason}`" for reason in REASONS),
        warn=f"{share.warn:.0%}",
        error=f"{share.error:.0%}",
        duplicates=f"{share.duplicates_warn:.0%}",
    )


COLUMNS = {
    "raw": "The record's bytes as landed",
    "oversize": "Instead of the bytes of a record above 16 MiB: its offset, length and sha256",
    "header": "The header line of the record's object, if it is CSV",
    "reason": "Why the record is not in silver",
    "column": "The column that is wrong; empty if it is the whole record",
    "detail": "What is wrong; shows values only of fields that are not personal",
    "_arrival_hour": "The hour in the landed object's path, UTC",
    "_source_file": "The landed object",
    "_source_version": "Which version of the object's content",
    "_line": "The record's line in the object, from 1",
    "_ingested_at": "When it was loaded",
    "_key": "Hash of the event's key",
    "_scope": "The event date within which the key is unique",
    "_content": "Hash of the record's content: equal for duplicates",
    "_contract_version": "The contract's version that judged the record",
}
"""Columns of the lake's tables that are not of a contract."""

TEXTS = {Layer.BRONZE: BRONZE, Layer.SILVER: SILVER, Layer.REJECTED: REJECTED}
