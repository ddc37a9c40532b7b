"""Writing: rows become Parquet files of a table, each of one partition, in bounded memory.

Belongs here: dividing rows by partition and encoding them. Not here: making the files visible (`commits`). A crash
before the commit leaves orphaned files, which upkeep deletes.
"""

from __future__ import annotations

import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table

from events.concurrency import THREADS
from lake.footers import FooterSink
from lake.schemas import DICTIONARY_COLUMNS, with_dictionaries

ROW_GROUP_BYTES = 4 << 20
SMALL_BYTES = 64 << 10  # compressing less takes longer than writing it
FILE_BYTES = 256 << 20
_UNORDERED = {"raw", "_key", "_content", "event_id"}  # no statistics: nobody looks for a range of these
_UNREPEATED = _UNORDERED | {"_line", "event_at"}  # no dictionary: few values repeat
_RANDOM = {"_key", "_content"}  # not compressed: digests do not compress, and are read without other columns


@dataclass
class _File:
    """A Parquet file that is being written."""

    path: str
    stream: Any
    sink: FooterSink
    writer: pq.ParquetWriter


@dataclass
class _Partition:
    """One partition's rows that wait for a full row group, its idle files, and the row groups being encoded."""

    waiting: list[tuple[pa.Table, pa.Array | None]] = field(default_factory=list)  # rows, and a mask of those to keep
    waiting_bytes: float = 0
    idle: list[_File] = field(default_factory=list)
    pending: list[Future[None]] = field(default_factory=list)


class DataFileWriter:
    """Writes rows into data files of a table; `by` is the expression whose values are the table's partitions.

    Row groups are encoded by `threads` threads, each into a file of its own. With one thread the rows of `write_arrow`
    stay in order.
    """

    def __init__(self, table: Table, by: pl.Expr, threads: int = THREADS) -> None:
        self.table, self.by = table, by
        self.schema: pa.Schema = with_dictionaries(schema_to_pyarrow(table.schema()))
        self.columns = self.schema.names
        self.locations = table.location_provider()
        self.partitions: dict[Any, _Partition] = {}
        self.written: set[Any] = set()
        self.files: list[DataFile] = []
        self.few: list[pa.Table] = []
        self.few_bytes = 0
        self.measured = compute_statistics_plan(table.schema(), table.properties)
        self.field_ids = parquet_path_to_id_mapping(table.schema())
        self.pool = ThreadPoolExecutor(threads)

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows of any partitions. Columns that the frame lacks are null."""
        if not frame.is_empty():
            rows = frame.with_columns(self.by.alias("_partition")).sort("_partition", maintain_order=True)
            self.take(self.prepared(rows))

    def prepared(self, frame: pl.DataFrame) -> pa.Table:
        """The rows with the table's columns and types, for `take`. Costly, and safe to call from any thread."""
        rest = [pl.lit(None).alias(name) for name in self.columns if name not in frame.columns]
        texts = [pl.col(name).cast(pl.Categorical) for name in self.columns if name in DICTIONARY_COLUMNS]
        rows = frame.with_columns(*rest).select(self.columns).with_columns(texts)
        return rows.to_arrow().cast(self.schema)  # a copy: views would keep the whole batch in memory

    def take(self, rows: pa.Table, kept: pl.Series | None = None) -> None:
        """Write prepared rows, which are ordered by partition; `kept` is a mask of those to write.

        Rows of small partitions are buffered together, because each slice has a fixed cost.
        """
        mask = pl.repeat(True, len(rows), eager=True) if kept is None else kept
        few, at, size = mask.to_numpy(writable=True), 0, rows.nbytes / max(len(rows), 1)
        for length, value in self._partitions_of(rows).rle().struct.unnest().iter_rows():
            if 2 * length >= len(rows):
                chosen = mask.slice(at, length)
                if chosen.any():
                    self._wait(
                        value, rows.slice(at, length), None if chosen.all() else chosen.to_arrow(), size * length
                    )
                few[at : at + length] = False
            elif few[at : at + length].any():
                self.written.add(value)
            at += length
        if few.any():
            self.few.append(rows.filter(pa.array(few)))
            self.few_bytes += self.few[-1].nbytes
            if self.few_bytes >= ROW_GROUP_BYTES:
                self._share_out()

    def _share_out(self) -> None:
        """Hand the rows that are buffered together to their partitions."""
        if not self.few:
            return
        together = pa.concat_tables(self.few)
        self.few, self.few_bytes = [], 0
        values = self._partitions_of(together)
        order = values.to_frame("value").with_row_index().sort("value", maintain_order=True)
        rows, at, size = together.unify_dictionaries().combine_chunks(), 0, together.nbytes / len(together)
        for length, value in order["value"].rle().struct.unnest().iter_rows():
            mine = rows.take(order["index"].slice(at, length).to_arrow())  # a slice would keep all rows in memory
            self._wait(value, mine, None, size * length)
            at += length

    def _partitions_of(self, rows: pa.Table) -> pl.Series:
        """The partition of each row."""
        known = pl.DataFrame(pl.from_arrow(rows.select(self.by.meta.root_names() or self.columns[:1])))
        return known.with_columns(self.by.alias("_partition"))["_partition"]

    def write_arrow(self, value: Any, rows: pa.Table) -> None:
        """Write rows of one partition, given by its value, that have all of the table's columns in order."""
        self._wait(value, rows.cast(self.schema), None, rows.nbytes)

    def _wait(self, value: Any, rows: pa.Table, chosen: pa.Array | None, size: float) -> None:
        partition = self.partitions.setdefault(value, _Partition())
        self.written.add(value)
        partition.waiting.append((rows, chosen))
        partition.waiting_bytes += size
        if partition.waiting_bytes >= ROW_GROUP_BYTES:
            self._flush(partition)

    def finish_partition(self, value: Any) -> None:
        """Write and close the files of a partition that gets no more rows."""
        self._share_out()
        if partition := self.partitions.pop(value, None):
            self._flush(partition)
            for future in partition.pending:
                future.result()
            for file in partition.idle:
                self._close(file)

    def finish(self) -> list[DataFile]:
        """Close all files and return them; none if there were no rows."""
        self._share_out()
        for partition in self.partitions.values():
            self._flush(partition)
        for value in list(self.partitions):
            self.finish_partition(value)
        self.pool.shutdown()
        return self.files

    def _flush(self, partition: _Partition) -> None:
        if not partition.waiting:
            return
        waiting, partition.waiting, partition.waiting_bytes = partition.waiting, [], 0
        while len(partition.pending) >= THREADS:  # bounds the rows in memory
            partition.pending.pop(0).result()
        partition.pending.append(self.pool.submit(self._encode, partition, waiting))

    def _encode(self, partition: _Partition, waiting: list[tuple[pa.Table, pa.Array | None]]) -> None:
        parts = [rows if chosen is None else rows.filter(chosen) for rows, chosen in waiting]
        rows = pa.concat_tables(parts).unify_dictionaries()
        try:
            file = partition.idle.pop()
        except IndexError:
            file = self._open(small=rows.nbytes < SMALL_BYTES)
        file.writer.write_table(rows, row_group_size=len(rows))
        if file.sink.buffer.tell() >= FILE_BYTES:
            self._close(file)
        else:
            partition.idle.append(file)

    def _open(self, small: bool) -> _File:
        path = self.locations.new_data_location(f"{uuid.uuid4()}.parquet")
        stream = self.table.io.new_output(path).create()
        leaves = _leaf_paths("", self.schema)
        plain = set(leaves) if small else _RANDOM
        sink = FooterSink(stream)
        writer = pq.ParquetWriter(
            sink.buffer,
            self.schema,
            compression={name: "none" if name in plain else "zstd" for name in leaves},
            compression_level={name: 1 for name in leaves if name not in plain},
            use_dictionary=[name for name in leaves if name.split(".")[0] not in _UNREPEATED],
            write_statistics=[name for name in leaves if name not in _UNORDERED],
            store_decimal_as_integer=True,
            write_page_checksum=True,
        )
        return _File(path, stream, sink, writer)

    def _close(self, file: _File) -> None:
        file.sink.footer_begins()
        file.writer.close()
        file.sink.finish()
        size = file.stream.tell()
        file.stream.close()
        self.files.append(self._described(file.path, size, file.writer.writer.metadata))

    def _described(self, path: str, size: int, footer: pq.FileMetaData) -> DataFile:
        """A file as manifests describe it, with the statistics of its footer."""
        metadata = self.table.metadata
        statistics = data_file_statistics_from_parquet_metadata(footer, self.measured, self.field_ids)
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=path,
            file_format=FileFormat.PARQUET,
            partition=statistics.partition(metadata.spec(), metadata.schema()),
            file_size_in_bytes=size,
            sort_order_id=None,
            spec_id=metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )


def _leaf_paths(prefix: str, fields: pa.Schema | pa.StructType) -> list[str]:
    """The dotted paths of all leaf columns, as Parquet's per-column options name them."""
    found = []
    for item in fields:
        path = f"{prefix}{item.name}"
        kind = item.type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        found += _leaf_paths(f"{path}.", kind) if pa.types.is_struct(kind) else [path]
    return found
