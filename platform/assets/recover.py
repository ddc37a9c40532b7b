"""Recover: the job that registers the lake's tables again after their catalog was lost (`lake.recover`)."""

import datetime as dt
from collections.abc import Iterable, Sequence

import dagster as dg

from assets.warehouse import POOL
from contracts.stream import Stream
from lake.recover import Recovered, recover_namespace, recover_stream
from lake.tables import Lake
from resources.marts import NAMESPACE


def recover_op(stream: Stream) -> dg.OpDefinition:
    """Recovers the four tables of a stream."""

    @dg.op(name=f"recover_{stream.name}", pool=f"lake_{stream.name}", out=dg.Out(dg.Nothing))
    def recover(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
        _log(context, recover_stream(lake, stream.name, dt.datetime.now(dt.UTC)))

    return recover


@dg.op(pool=POOL, out=dg.Out(dg.Nothing))
def recover_marts(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
    """Recovers the published marts."""
    _log(context, recover_namespace(lake, NAMESPACE, dt.datetime.now(dt.UTC)))


def _log(context: dg.OpExecutionContext, recovered: Iterable[Recovered]) -> None:
    """Log what was done. Raises `dagster.Failure` at the end if a table could not be recovered."""
    failed = []
    for each in recovered:
        (context.log.info if each.registered else context.log.error)(f"{each.table}: {each.message}")
        failed += [] if each.registered else [each.table]
    if failed:
        raise dg.Failure(f"not recovered: {', '.join(failed)}; the log says why")


def recover_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`recover`, for all streams."""

    @dg.job(name="recover", description="Registers the lake's tables again at their newest whole metadata")
    def recover() -> None:
        for stream in streams:
            recover_op(stream)()
        recover_marts()

    return recover
