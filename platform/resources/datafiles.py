"""Data files: rows become Parquet files of a table, one partition a file, in bounded memory.

Belongs here: how files are cut, sorted into partitions and encoded. Not here: making them visible (`lake.commit`).
Until a commit names them the files are nobody's: a crash leaves orphans, which housekeeping removes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import parquet_file_to_data_file, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

ROW_GROUP_BYTES = 32 << 20
FILE_BYTES = 256 << 20
_UNREPEATED = {"raw", "_key", "_content", "event_id"}  # a dictionary of these only costs


@dataclass
class _Partition:
    """One partition's rows: those that wait for a full row group, and the file they go to."""

    waiting: list[pl.DataFrame] = field(default_factory=list)
    waiting_bytes: int = 0
    writer: pq.ParquetWriter | None = None
    stream: Any = None
    path: str = ""


class DataFileWriter:
    """Writes frames of a table's columns; `by` is the expression whose values tell a table's partitions apart."""

    def __init__(self, table: Table, by: pl.Expr) -> None:
        self.table, self.by = table, by
        self.schema: pa.Schema = schema_to_pyarrow(table.schema())
        self.columns = self.schema.names
        self.locations = table.location_provider()
        self.partitions: dict[Any, _Partition] = {}
        self.paths: list[str] = []

    def write(self, frame: pl.DataFrame) -> None:
        """Take rows of any partitions; columns that the frame lacks are null."""
        if frame.is_empty():
            return
        rest = [pl.lit(None).alias(name) for name in self.columns if name not in frame.columns]
        frame = frame.with_columns(*rest, self.by.alias("_partition"))
        for (value,), part in frame.partition_by("_partition", as_dict=True).items():
            partition = self.partitions.setdefault(value, _Partition())
            partition.waiting.append(part.select(self.columns))
            partition.waiting_bytes += int(part.estimated_size())
            if partition.waiting_bytes >= ROW_GROUP_BYTES:
                self._flush(partition)

    def finish_partition(self, value: Any) -> None:
        """No more rows of this partition will come: let go of what it holds."""
        if partition := self.partitions.pop(value, None):
            self._flush(partition)
            self._close(partition)

    def finish(self) -> list[DataFile]:
        """The data files of all rows written; none for no rows."""
        for value in list(self.partitions):
            self.finish_partition(value)
        return [parquet_file_to_data_file(self.table.io, self.table.metadata, path) for path in self.paths]

    def _flush(self, partition: _Partition) -> None:
        if not partition.waiting:
            return
        arrow = pl.concat(partition.waiting).to_arrow().cast(self.schema)
        partition.waiting, partition.waiting_bytes = [], 0
        if partition.writer is None:
            self._open(partition)
        assert partition.writer is not None
        partition.writer.write_table(arrow, row_group_size=len(arrow))
        if partition.stream.tell() >= FILE_BYTES:
            self._close(partition)

    def _open(self, partition: _Partition) -> None:
        partition.path = self.locations.new_data_location(f"{uuid.uuid4()}.parquet")
        partition.stream = self.table.io.new_output(partition.path).create()
        partition.writer = pq.ParquetWriter(
            partition.stream,
            self.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in self._leaves() if name.split(".")[0] not in _UNREPEATED],
            write_statistics=[name for name in self._leaves() if name not in {"raw", "_key", "_content"}],
            store_decimal_as_integer=True,
        )

    def _leaves(self) -> list[str]:
        return _leaf_paths("", self.schema)

    def _close(self, partition: _Partition) -> None:
        if partition.writer is not None:
            partition.writer.close()
            partition.stream.close()
            self.paths.append(partition.path)
            partition.writer = partition.stream = None


def _leaf_paths(prefix: str, fields: pa.Schema | pa.StructType) -> list[str]:
    """Parquet's dotted column paths, which its per-column options want."""
    found = []
    for item in fields:
        path = f"{prefix}{item.name}"
        kind = item.type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        found += _leaf_paths(f"{path}.", kind) if pa.types.is_struct(kind) else [path]
    return found
