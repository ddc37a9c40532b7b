"""Runs: what the sensors would request, run at once in this process.

Belongs here: asking what there is to do, and running the jobs `ingest` and `gold`. Not here: what they do.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from assets.gold_translator import asset_key, built_nodes
from contracts import STREAMS
from contracts.stream import Stream
from definitions import defs
from demo.terminal import Advance, Terminal
from lake.landing import Landing
from lake.ledger import ledger_rows
from lake.schemas import Layer
from lake.tables import Lake
from partitions import arrival_window, inside_window, key_of
from resources.environment import first_hour, make
from resources.warehouse.protocol import Warehouse
from sensors.arrivals import PlannedRun, plan_runs
from sensors.changes import Change, listed_changes
from sensors.touched import due_in_gold, gold_request

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STEPS_A_STREAM = 3  # bronze, silver with rejected, warehouse
INTERRUPTS = (DagsterExecutionInterruptedError.__name__, KeyboardInterrupt.__name__)


class RunFailed(Exception):
    """A run failed; the message is the reason of the first step that failed."""


@dataclass(frozen=True)
class Platform:
    """The platform of DATA_DIR, and the Dagster instance that records its runs."""

    terminal: Terminal
    instance: dg.DagsterInstance
    lake: Lake
    landing: Landing
    warehouse: Warehouse

    @classmethod
    @contextmanager
    def open(cls, terminal: Terminal) -> Iterator[Platform]:
        """The platform, as long as its instance is open."""
        lake, landing, warehouse = (
            make(name, STREAMS, logging.getLogger(__name__)) for name in ("lake", "landing", "warehouse")
        )
        with dg.DagsterInstance.get() as instance:
            yield cls(terminal, instance, lake, landing, warehouse)

    def ingest(self) -> bool:
        """Load the hours that are new, changed or unfinished. Whether there were any. Raises `RunFailed`."""
        now = dt.datetime.now(dt.UTC)
        window = arrival_window(first_hour(), now)
        changes = {change.name: change for stream in STREAMS for change in self._unfinished(stream, now)}
        for stream in STREAMS:
            changes |= {change.name: change for change in listed_changes(self.lake, self.landing, stream, window, now)}
        runs = plan_runs(list(changes.values()), {})
        if not runs:
            return False
        hours = sum(_hours(run) for run in runs)
        with self.terminal.step(f"Loading and judging {hours} hours of events", hours) as advance:
            for run in runs:
                streams = len({change.stream for change in run.changes})
                share = _hours(run) / (STEPS_A_STREAM * streams)
                self._run("ingest", run.request(), _after_each_step(partial(advance, share)))
        return True

    def _unfinished(self, stream: Stream, now: dt.datetime) -> Iterator[Change]:
        """The hours that a run has loaded but not finished, as changes without new objects."""
        window = arrival_window(first_hour(), now)
        ledger = ledger_rows(self.lake.table(Layer.LEDGER, stream), None).filter("current")
        hours = sorted(hour for hour in set(ledger["arrival_hour"]) if inside_window(hour, window))
        made = self.instance.get_materialized_partitions(dg.AssetKey([Layer.SILVER.value, stream.name]))
        missing = [hour for hour in hours if key_of(hour) not in made]
        silver = self.lake.table(Layer.SILVER, stream).metadata.current_snapshot_id
        if hours and not missing and self.warehouse.applied_snapshots().get(stream.name) != silver:
            missing = hours[-1:]
        yield from (Change(stream.name, hour, "unfinished") for hour in missing)

    def gold(self) -> bool:
        """Build gold if it is behind. Whether it was. Raises `RunFailed`."""
        due = due_in_gold(self.lake, self.warehouse, STREAMS)
        request = gold_request(due, [], dt.datetime.now(dt.UTC))
        if isinstance(request, dg.SkipReason):
            return False
        selected = request.asset_selection
        built = [name for name in built_nodes() if selected is None or asset_key(name) in selected]
        with (
            self.terminal.step(f"Building gold: {len(built)} models and their tests", len(built)) as advance,
            _after_each_node(set(built), advance),
        ):
            self._run("gold", request, set())
        return True

    def _run(self, job: str, request: dg.RunRequest, hooks: set[dg.HookDefinition]) -> None:
        planned = defs.resolve_job_def(job).with_hooks(hooks)
        printed = io.StringIO()  # what libraries print
        with redirect_stdout(printed), redirect_stderr(printed):
            result = planned.execute_in_process(
                instance=self.instance,
                run_config={**QUIET, **(request.run_config or {})},
                partition_key=request.partition_key,
                tags=dict(request.tags),
                asset_selection=list(request.asset_selection) if request.asset_selection else None,
                raise_on_error=False,
            )
        if not result.success:
            raise_reason(result)


def _hours(run: PlannedRun) -> int:
    return int((run.last - run.first) / dt.timedelta(hours=1)) + 1


def raise_reason(result: dg.ExecuteInProcessResult) -> None:
    """Raise `RunFailed` with the first reason of a failed run, or `KeyboardInterrupt` if it was interrupted."""
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure = event.step_failure_data
        error = failure.error
        while error and error.cause:
            error = error.cause
        if error and error.cls_name in INTERRUPTS:
            raise KeyboardInterrupt
        told = failure.user_failure_data.description if failure.user_failure_data else None
        text = told or (error.message if error else "no reason is known")
        raise RunFailed(f"{event.step_key}: {text.strip().splitlines()[0]}")
    raise RunFailed("no step has failed; the Dagster UI shows the run")


def _after_each_step(act: Callable[[], None]) -> set[dg.HookDefinition]:
    @dg.success_hook(name="advance")
    def advance(_: dg.HookContext) -> None:
        act()

    return {advance}


@contextmanager
def _after_each_node(names: set[str], advance: Advance) -> Iterator[None]:
    """Advance whenever dbt has finished one of these nodes; `resources.dbt` logs them."""

    class Count(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() in names:
                advance(1)

    log, count = logging.getLogger("resources.dbt"), Count()
    log.addHandler(count)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(count)
