"""Advice: what to do about a failed check, as the check's page shows it.

Belongs here: texts for people. Not here: what fails (`checks`, `freshness`).
"""

from __future__ import annotations

from contracts.stream import Stream

_RUN_AGAIN = "Then materialize the hour again."
_REPAIR = f"1. Run `make repair STREAM={{stream}}`: it finds lost and damaged data files.\n2. {_RUN_AGAIN}"
_MEND = (
    "change `platform/contracts/{stream}.py`, raise its `version`, run `make contracts`, restart the platform and "
    "materialize the hour again. It is judged anew."
)
_LIST = "`make rejected STREAM={stream} HOUR={hour}` lists the records with file, line and what is wrong."

_TEXTS = {
    "complete": f"Bronze and its ledger differ, so the hour counts as not loaded. No data is at fault.\n\n{_REPAIR}",
    "readable": "The objects in the table were not loaded; all others were.\n\n"
    "1. Land whole objects under the same paths. The sensor `arrivals` sees them and loads the hour again.\n"
    "2. Objects outside the arrival hours: move them into the folder of an hour.",
    "offsets": "All messages that the topic still has are drained. Nothing needs to be done for that.\n\n"
    "- **Deleted before they were drained**: they are lost, unless the producer can send them again. Give the topic a "
    "longer `retention.ms`, and see why the sensor `drains` was behind.\n"
    "- **Created again, or another number of partitions**: ask who did it. All of the new topic is drained.\n"
    "- **Lost by the brokers**: forbid unclean leader elections. The messages are in bronze.\n\n"
    "The check passes again after 7 days. To have it pass now, materialize the asset with `forget_alarms: true`.",
    "conservation": "Records were lost or doubled between bronze and silver. No data is at fault, and the hour counts "
    "as not materialized.\n\n"
    "1. Run `make repair STREAM={stream}`: it finds lost and damaged data files.\n"
    "2. Materialize the hour again, with `again: true` in the config of `silver_{stream}`.\n"
    "3. If it fails again, it is a fault of the platform: report it with this page's figures.",
    "contract": "The rules have changed and the contract's version has not, so silver still holds rows that the rules "
    "forbid.\n\n1. Raise the `version` in `platform/contracts/{stream}.py` and run `make contracts`.\n"
    "2. Restart the platform and materialize the hour again: the rows move to rejected.",
    "rejected_share": f"{_LIST}\n\n"
    "- **The producer is wrong**: land a corrected object under the same path. It replaces the earlier one.\n"
    f"- **The contract is wrong**: {_MEND}\n"
    "- **It is noise**: raise the limits in the contract's `rejected_share`.",
    "freshness": "The producer or the transport was late. The hour is complete as it is: events that land later are "
    "loaded then.\n\nIf such hours are usual for this stream, give its contract a longer `freshness`.",
    "late_share": "The events are in silver and in gold, on the dates when they happened. A backfill looks like this, "
    "and a producer that was offline.\n\n"
    "1. If the check `freshness` has failed too, all events of the hour are old: do as its page says.\n"
    "2. If some devices always send late, give the contract a larger `late_share`.",
    "volume": "Nothing is lost: what landed is loaded.\n\n"
    "1. **Fewer**: look whether objects landed in the folder of {hour} below `{folder}/`, and at the sensor "
    "`arrivals`. If nothing is missing there, ask the producer. When the rest lands, the hour is judged again.\n"
    "2. **More**: look at the share of duplicates in `rejected_share`, and whether a file landed twice.\n"
    "3. On a holiday or after a launch it is as it should be. The check follows a new level in three weeks.",
    "drift": "Nothing is lost: bronze keeps the fields, silver does not.\n\n"
    f"- **To use a field**: give it a column: {_MEND}\n"
    "- **To ignore it**: name it in `ignored` of `platform/contracts/{stream}.py`.",
    "up_to_date": "1. Look whether objects land in the current hour's folder of `{folder}/`.\n"
    "2. If they do, look at the sensor `arrivals` and at failed runs.\n"
    "3. If they do not, ask the producer. A stream that is silent for hours (by night, say) needs a longer "
    "`freshness` in its contract.",
}


def advice(check: str, stream: Stream, hour: str = "") -> str:
    """What to do about a check that failed, for a stream and (if it is a check of hours) an arrival hour. Markdown."""
    return _TEXTS[check].format(stream=stream.name, folder=stream.folder, hour=hour)
