"""The lake: Iceberg tables in a catalog, read and committed by snapshot.

Belongs here: opening tables, reading files of a snapshot, commits that hold only for the snapshot they were computed
from, and what changed between two snapshots. Not here: schemas (`schemas`), writing files (`datafiles`), cleaning up
(`housekeeping`), and what a table means (the assets).
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyiceberg.catalog import AVAILABLE_CATALOGS, Catalog, CatalogType
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Operation, Snapshot
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _OverwriteFiles
from sqlalchemy.exc import IntegrityError

from contracts.stream import Stream
from resources.schemas import CODED, Layer, coded, definition, evolve

ROWS_OF = "rows-of"  # a housekeeping snapshot names here the snapshot whose rows it holds
ATTEMPTS = 8
EPOCH = dt.date(1970, 1, 1)
# Without this a scan holds whole files, compressed, in memory.
_SCAN = ds.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
UNIX = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Result = TypeVar("Result")


class _Replace(_OverwriteFiles):
    """Adds and removes named data files in one snapshot, merging small manifests as appends do.

    A commit that the catalog refuses is not tried again: what is stale has to be computed again. But whether it is
    there after all is looked up, as the answer to the first of two requests may have got lost.
    """

    def _refresh_for_retry(self) -> None:
        raise CommitFailedException("another snapshot came first")

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        merger = _ManifestMergeManager(
            target_size_bytes=8 << 20, min_count_to_merge=20, merge_enabled=True, snapshot_producer=self
        )
        return merger.merge_manifests(manifests)


@dataclass(frozen=True)
class Lake:
    """Iceberg tables `<layer>.<stream>`; `properties` are pyiceberg's for the catalog named `lake`, of type `kind`."""

    properties: Mapping[str, str]
    scratch: Path
    kind: CatalogType = CatalogType.SQL

    @cached_property
    def catalog(self) -> Catalog:
        catalog = AVAILABLE_CATALOGS[self.kind]("lake", dict(self.properties))
        present = set(catalog.list_namespaces())
        for layer in Layer:
            if (layer.value,) in present:
                continue
            try:
                catalog.create_namespace(layer.value)
            except (NamespaceAlreadyExistsError, IntegrityError):  # another process was faster
                continue
        return catalog

    @cached_property
    def _known(self) -> set[tuple[str, Stream]]:
        return set()

    def table(self, layer: Layer, stream: Stream) -> Table:
        """The table at its current snapshot; created or evolved to the contract the first time it is asked for.

        Raises `IncompatibleContract` where the contract asks for something that the table cannot become.
        """
        identifier = (layer.value, stream.name)
        if (layer.value, stream) in self._known:
            return self.catalog.load_table(identifier)
        wanted = definition(layer, stream)
        try:
            table = evolve(self.catalog.load_table(identifier), wanted.schema)
        except NoSuchTableError:
            try:
                table = self.catalog.create_table(
                    identifier, wanted.schema, partition_spec=wanted.spec, properties=wanted.properties
                )
            except TableAlreadyExistsError:
                table = self.catalog.load_table(identifier)
        self._known.add((layer.value, stream))
        return table


def between(column: str, first: dt.datetime, end: dt.datetime) -> str:
    """The filter for instants from `first` up to `end`, which is left out."""
    return f"{column} >= '{first.isoformat()}' and {column} < '{end.isoformat()}'"


def within(hours: Sequence[dt.datetime]) -> str:
    """The filter for the span of some arrival hours."""
    return between("_arrival_hour", min(hours), max(hours) + dt.timedelta(hours=1))


def files_of(table: Table, row_filter: str | None = None, snapshot_id: int | None = None) -> list[DataFile]:
    """The data files of a snapshot (the current one by default) that may hold rows of a filter."""
    if snapshot_id is None and table.current_snapshot() is None:
        return []
    scan = table.scan(row_filter=row_filter or AlwaysTrue(), snapshot_id=snapshot_id)
    return [task.file for task in scan.plan_files()]


def read(
    table: Table,
    files: Sequence[DataFile],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    batch_rows: int = 16_384,
) -> Iterator[pa.RecordBatch]:
    """Batches of data files with the table's current columns, in bounded memory and no particular order.

    `columns` may name `__filename` as well, the data file that a row is from. `CODED` columns are dictionaries.
    """
    if not files:
        return
    schema = coded(pa.schema([field.remove_metadata() for field in schema_to_pyarrow(table.schema())]))
    scheme, netloc, _ = PyArrowFileIO.parse_location(files[0].file_path)
    filesystem = table.io.fs_by_scheme(scheme, netloc)  # type: ignore[attr-defined]
    paths = [path_in(file) for file in files]
    options = ds.ParquetReadOptions(dictionary_columns=CODED)
    parquet = ds.ParquetFileFormat(read_options=options, default_fragment_scan_options=_SCAN)
    dataset = ds.dataset(paths, schema=schema, filesystem=filesystem, format=parquet)
    scanner = dataset.scanner(
        columns=list(columns) if columns else None,
        filter=where,
        batch_size=batch_rows,
        use_threads=False,  # others work meanwhile; threads here only read too far ahead
        batch_readahead=1,
        fragment_readahead=1,
    )
    for batch in scanner.to_batches():
        if batch.num_rows:
            yield batch


def as_frame(batch: pa.RecordBatch) -> pl.DataFrame:
    """A batch as a frame, its `CODED` columns as text, of which there is one copy."""
    return pl.DataFrame(pl.from_arrow(batch)).with_columns(pl.col(pl.Categorical).cast(pl.String))


def read_hours(
    table: Table, hours: Sequence[dt.datetime], columns: Sequence[str], snapshot_id: int | None = None
) -> Iterator[pa.RecordBatch]:
    """Batches of the rows of some arrival hours, partition by partition; files of no others are read unfiltered."""
    files = sorted(files_of(table, within(hours), snapshot_id), key=lambda file: file.partition[0])
    apart = [file for file in files if not _only(table, file, hours)]
    yield from read(table, [file for file in files if file not in apart], columns)
    yield from read(table, apart, columns, during(hours))


def during(hours: Sequence[dt.datetime]) -> pc.Expression:
    """The reader's filter for rows of some arrival hours."""
    return pc.field("_arrival_hour").isin(pa.array(list(hours), pa.timestamp("us", "UTC")))


def _only(table: Table, file: DataFile, hours: Sequence[dt.datetime]) -> bool:
    """Whether a file's bounds say that all its rows are of consecutive arrival hours."""
    first, last = min(hours), max(hours)
    if last - first != (len(set(hours)) - 1) * dt.timedelta(hours=1):
        return False
    arrival = table.schema().find_field("_arrival_hour")
    low, high = ((bound or {}).get(arrival.field_id) for bound in (file.lower_bounds, file.upper_bounds))
    if low is None or high is None:
        return False
    return first <= _instant(low) and _instant(high) <= last


def _instant(bound: bytes) -> dt.datetime:
    """A timestamp's bound in a data file's statistics."""
    return UNIX + dt.timedelta(microseconds=int.from_bytes(bound, "little", signed=True))


def frame(batches: Iterable[pa.RecordBatch], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Batches as one frame of `schema`, also when there are none."""
    parts = map(as_frame, batches)
    empty = pl.DataFrame(schema=schema)
    return pl.concat([empty, *(part.select(list(schema)).cast(dict(schema)) for part in parts)])  # type: ignore[arg-type]


def commit(
    table: Table, added: Sequence[DataFile], removed: Sequence[DataFile], properties: Mapping[str, str]
) -> Snapshot:
    """One snapshot that adds and removes data files, on top of the snapshot at which `table` was loaded.

    Raises pyiceberg's `CommitFailedException` when another snapshot came first: what to add and remove then has to
    be computed again.
    """
    operation = Operation.OVERWRITE if removed else Operation.APPEND
    try:
        with table.transaction() as transaction:
            _stage(transaction, operation, added, removed, properties)
    except ValidationException as error:  # not even the snapshot that it was computed from is there any more
        raise CommitFailedException(str(error)) from error
    snapshot = table.current_snapshot()
    assert snapshot is not None
    return snapshot


def _stage(
    transaction: Transaction,
    operation: Operation,
    added: Sequence[DataFile],
    removed: Sequence[DataFile],
    properties: Mapping[str, str],
) -> None:
    producer = _Replace(operation, transaction, transaction._table.io, snapshot_properties=dict(properties))
    for file in added:
        producer.append_data_file(file)
    for file in removed:
        producer.delete_data_file(file)
    producer.commit()


def recompute(attempt: Callable[[], Result]) -> Result:
    """Run `attempt` (load, compute, commit) until its commit holds. Raises the last failure after eight of them."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except CommitFailedException:
            if number == ATTEMPTS:
                raise
            time.sleep(0.05 * 2**number)
    raise AssertionError("unreachable")


def rows_snapshot(table: Table) -> int | None:
    """The snapshot whose rows the table holds now: its current one, or the one that housekeeping only rewrote."""
    snapshot = table.current_snapshot()
    if snapshot is None:
        return None
    named = snapshot.summary.get(ROWS_OF) if snapshot.summary else None
    return int(named) if named else snapshot.snapshot_id


def restore(table: Table, snapshot_id: int | None) -> Table:
    """Make the table hold the rows of an earlier snapshot again; None is the empty table."""
    if rows_snapshot(table) == snapshot_id:
        return table
    if snapshot_id is None:
        if files := files_of(table):
            commit(table, [], files, {})
        return table
    table.manage_snapshots().set_current_snapshot(snapshot_id).commit()
    return table.refresh()


def path_in(file: DataFile) -> str:
    """A data file's path as `read`'s column `__filename` gives it."""
    return str(PyArrowFileIO.parse_location(file.file_path)[2])


def event_date(file: DataFile) -> dt.date:
    """The day that all rows of a data file share, where the table is partitioned by day."""
    value = file.partition[0]
    return value if isinstance(value, dt.date) else EPOCH + dt.timedelta(days=int(value))
