"""A process that runs jobs and may be killed. Dagster's log on standard error says which step begins.

`python child.py FIRST LAST JOB...`: FIRST and LAST are arrival hours as partition keys; the settings come from the
environment. The Dagster instance is in memory, so the next process knows only what the killed one left in its data.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dagster as dg


def landed(definitions: dg.Definitions, landing: Path) -> list[dg.AssetKey]:
    """The lake's and the warehouse's assets of the streams that have files in a landing folder.

    A run of the others does nothing, and takes half a second a stream.
    """
    streams = {folder.name for folder in landing.iterdir()}
    keys = [spec.key for spec in definitions.resolve_all_asset_specs()]
    return [key for key in keys if key.path[0] not in ("gold", "landing") and key.path[-1] in streams]


def main(first: str, last: str, jobs: list[str]) -> None:
    from definitions import defs

    assets = landed(defs, Path(os.environ["DATA_DIR"]) / "landing")
    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    with dg.DagsterInstance.ephemeral() as instance:
        for name in jobs:
            job, ingest = defs.resolve_job_def(name), name == "ingest"
            job.execute_in_process(
                instance=instance, tags=span if ingest else {}, asset_selection=assets if ingest else None
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
