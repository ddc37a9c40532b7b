"""Reading: which data files a snapshot has, and batches of their rows in bounded memory.

Belongs here: choosing files by their partitions and bounds, and scanning them. Not here: writing files (`writing`),
commits (`commits`), which files changed (`snapshots`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from lake.damage import LostMetadata, contradiction, naming_damage, repair_error
from lake.footers import footer_in, tail_of, verified
from lake.schemas import DICTIONARY_COLUMNS, with_dictionaries
from partitions import EPOCH, EPOCH_DATE

# Without this a scan holds whole compressed files in memory.
_SCAN = ds.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True, page_checksum_verification=True)


def time_filter(column: str, first: dt.datetime, end: dt.datetime) -> str:
    """Iceberg's row filter for instants from `first` up to `end`, which is excluded."""
    return f"{column} >= '{first.isoformat()}' and {column} < '{end.isoformat()}'"


@dataclass(frozen=True)
class _Plan:
    """Which files of a snapshot match a filter. The answer can be cached, because snapshots do not change."""

    uuid: UUID
    snapshot_id: int
    row_filter: str | None
    table: Table = field(compare=False)


@lru_cache(maxsize=8)
def _planned(plan: _Plan) -> tuple[DataFile, ...]:
    scan = plan.table.scan(row_filter=plan.row_filter or AlwaysTrue(), snapshot_id=plan.snapshot_id)
    try:
        return tuple(task.file for task in scan.plan_files())
    except FileNotFoundError as error:
        raise LostMetadata(
            f"table {'.'.join(plan.table.name())}: a manifest of snapshot {plan.snapshot_id} is missing: {error}. "
            "`make recover` goes back to the newest metadata that is whole"
        ) from error


class WithoutFiles(Table):
    """A table without its lost data files: reads skip them. Commits on it may still remove them."""

    def __init__(self, table: Table, lost: Iterable[DataFile]) -> None:
        super().__init__(
            table.name(), table.metadata, table.metadata_location, table.io, table.catalog, dict(table.config)
        )
        self.lost = frozenset(file.file_path for file in lost)


def files_of(table: Table, row_filter: str | None = None, snapshot_id: int | None = None) -> list[DataFile]:
    """The data files of a snapshot (by default the current one) that may hold rows that match a filter."""
    chosen = table.metadata.current_snapshot_id if snapshot_id is None else snapshot_id
    if chosen is None:
        return []
    files = _planned(_Plan(table.metadata.table_uuid, chosen, row_filter, table))
    lost = table.lost if isinstance(table, WithoutFiles) else ()
    return [file for file in files if file.file_path not in lost]


def files_of_hours(table: Table, hours: Sequence[dt.datetime], snapshot_id: int | None = None) -> list[DataFile]:
    """The data files of a snapshot (by default the current one) that may hold rows from the first to the last hour.

    If the table is partitioned by arrival hour, Iceberg prunes. Otherwise Iceberg would read every manifest for every
    filter, so all files are planned once and their bounds are compared here.
    """
    first, last = min(hours), max(hours)
    if table.spec().fields[0].source_id == _arrival(table):
        return files_of(table, time_filter("_arrival_hour", first, last + dt.timedelta(hours=1)), snapshot_id)
    bounds = ((file, hour_bounds(table, file)) for file in files_of(table, snapshot_id=snapshot_id))
    return [file for file, found in bounds if found is None or (found[0] <= last and first <= found[1])]


def read(
    table: Table,
    files: Sequence[DataFile],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
    batch_rows: int = 16_384,
) -> Iterator[pa.RecordBatch]:
    """Batches of rows of data files, with the table's current columns, in bounded memory.

    `columns` may include `__filename`, the path of the data file that a row is from (as `path_of` gives it).
    `DICTIONARY_COLUMNS` are dictionaries. Raises `DamagedFile`.
    """
    if not files:
        return
    schema = with_dictionaries(pa.schema([field.remove_metadata() for field in schema_to_pyarrow(table.schema())]))
    scheme, netloc, _ = PyArrowFileIO.parse_location(files[0].file_path)
    filesystem = table.io.fs_by_scheme(scheme, netloc)  # type: ignore[attr-defined]
    options = ds.ParquetReadOptions(dictionary_columns=DICTIONARY_COLUMNS)
    parquet = ds.ParquetFileFormat(read_options=options, default_fragment_scan_options=_SCAN)
    for file in files:
        with naming_damage(table, file):
            with filesystem.open_input_file(path_of(file)) as source:
                tail = tail_of(source, source.size())
            if not verified(tail) and (why := contradiction(file, footer_in(tail), schema)):
                raise repair_error(table, file, why)
            fragment = parquet.make_fragment(path_of(file), filesystem)
            scanner = fragment.scanner(
                schema=schema,
                columns=list(columns) if columns else None,
                filter=where,
                batch_size=batch_rows,
                use_threads=False,  # threads here would only read too far ahead
                batch_readahead=1,
            )
            yield from (batch for batch in scanner.to_batches() if batch.num_rows)


def read_columns(
    table: Table, file: DataFile, columns: Sequence[str], batch_rows: int = 131_072
) -> Iterator[pa.RecordBatch]:
    """Batches of a few columns of one data file, in the file's order. Raises `DamagedFile`.

    Faster than `read` for very many files, and for the first rows of a file: it reads nothing ahead.
    """
    names = sorted(DICTIONARY_COLUMNS.intersection(columns))
    with (
        naming_damage(table, file),
        table.io.new_input(file.file_path).open() as source,
        pq.ParquetFile(
            source,
            metadata=footer_in(tail_of(source, file.file_size_in_bytes)),
            read_dictionary=names,
            page_checksum_verification=True,
        ) as parquet,
    ):
        if parquet.metadata.num_rows != file.record_count:
            raise repair_error(table, file, "its footer and its manifest give different numbers of rows")
        for group in range(parquet.num_row_groups):  # one by one: batches across row groups have no bounded size
            yield from parquet.iter_batches(batch_rows, [group], list(columns), use_threads=False)


def rebatch(
    batches: Iterable[pa.RecordBatch], enough: int, size: Callable[[pa.RecordBatch], int] = len
) -> Iterator[pa.Table]:
    """Tables of at least `enough` rows (or of another `size`) made of successive batches; the last may be smaller.

    Each table has a fixed cost, so small batches are put together.
    """
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(size, waiting)) >= enough:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def as_frame(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    """Rows as a frame, with `DICTIONARY_COLUMNS` as text. Equal texts share their memory."""
    return with_texts(pl.DataFrame(pl.from_arrow(batch)))


def with_texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with categorical columns as text."""
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


def read_hours(
    table: Table, hours: Sequence[dt.datetime], columns: Sequence[str], snapshot_id: int | None = None
) -> Iterator[pa.RecordBatch]:
    """Batches of the rows of some arrival hours, partition by partition."""
    return read_hours_in(table, files_of_hours(table, hours, snapshot_id), hours, columns)


def read_hours_in(
    table: Table, files: Iterable[DataFile], hours: Sequence[dt.datetime], columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Batches of the rows that some data files hold of some arrival hours.

    Files whose bounds exclude other hours are read first, without a filter.
    """
    ordered = sorted(files, key=lambda file: file.partition[0])
    mixed = [file for file in ordered if not _holds_only(table, file, hours)]
    yield from read(table, [file for file in ordered if file not in mixed], columns)
    yield from read(table, mixed, columns, hours_filter(hours))


def split_by_size(files: Iterable[DataFile], count: int) -> list[list[DataFile]]:
    """Data files in `count` parts of about the same size in bytes."""
    ordered = sorted(files, key=lambda file: file.file_size_in_bytes, reverse=True)
    return [ordered[place::count] for place in range(count)]


def hours_filter(hours: Sequence[dt.datetime]) -> pc.Expression:
    """Arrow's filter for rows of some arrival hours."""
    return pc.field("_arrival_hour").isin(pa.array(list(hours), pa.timestamp("us", "UTC")))


def _holds_only(table: Table, file: DataFile, hours: Sequence[dt.datetime]) -> bool:
    """Whether the hours are consecutive and a file's bounds lie among them."""
    first, last = min(hours), max(hours)
    if last - first != (len(set(hours)) - 1) * dt.timedelta(hours=1):
        return False
    found = hour_bounds(table, file)
    return found is not None and first <= found[0] and found[1] <= last


def hour_bounds(table: Table, file: DataFile) -> tuple[dt.datetime, dt.datetime] | None:
    """The first and the last arrival hour in a data file, by its manifest; None if that has no bounds."""
    low, high = ((bound or {}).get(_arrival(table)) for bound in (file.lower_bounds, file.upper_bounds))
    return None if low is None or high is None else (_instant(low), _instant(high))


def newest(table: Table, column: str, snapshot_id: int | None = None) -> dt.datetime | None:
    """The latest instant of a column in a snapshot, by its manifests; None if no file has one."""
    field_id = table.schema().find_field(column).field_id
    bounds = ((file.upper_bounds or {}).get(field_id) for file in files_of(table, snapshot_id=snapshot_id))
    return max((_instant(bound) for bound in bounds if bound is not None), default=None)


def _arrival(table: Table) -> int:
    return table.schema().find_field("_arrival_hour").field_id


def _instant(bound: bytes) -> dt.datetime:
    """A timestamp as Iceberg encodes a bound of a column: microseconds since the epoch, little-endian."""
    return EPOCH + dt.timedelta(microseconds=int.from_bytes(bound, "little", signed=True))


def concatenated(batches: Iterable[pa.RecordBatch], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Batches as one frame with the columns and types of `schema`; empty if there are none."""
    parts = map(as_frame, batches)
    empty = pl.DataFrame(schema=schema)
    return pl.concat([empty, *(part.select(list(schema)).cast(dict(schema)) for part in parts)])  # type: ignore[arg-type]


def path_of(file: DataFile) -> str:
    """A data file's path in its file system, without the scheme; `read` gives it as `__filename`."""
    return str(PyArrowFileIO.parse_location(file.file_path)[2])


def arrival_hour(file: DataFile) -> dt.datetime:
    """The arrival hour of all rows of a data file. For tables that are partitioned by arrival hour."""
    return EPOCH + dt.timedelta(hours=int(file.partition[0]))


def event_date(file: DataFile) -> dt.date:
    """The day of all rows of a data file. For tables that are partitioned by day."""
    value = file.partition[0]
    return value if isinstance(value, dt.date) else EPOCH_DATE + dt.timedelta(days=int(value))
