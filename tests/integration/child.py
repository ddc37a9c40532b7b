"""Child: a process that runs jobs and may be killed. Dagster's log on standard error says which step begins.

`python child.py FIRST LAST JOB...`: arrival hours as partition keys; the environment says where. The instance is in
memory: what a killed process knew is gone, and nothing but the data may tell the next one what is left to do.
"""

from __future__ import annotations

import sys

import dagster as dg


def main(first: str, last: str, jobs: list[str]) -> None:
    from definitions import defs

    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    with dg.DagsterInstance.ephemeral() as instance:
        for job in jobs:
            defs.resolve_job_def(job).execute_in_process(instance=instance, tags=span if job == "ingest" else {})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
