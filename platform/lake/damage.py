"""Damage: data files that are missing, or no longer hold what was written.

Belongs here: finding such files, and the error that names one. Not here: bringing their rows back (`repair`), lost
metadata (`recover`).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs
from pyiceberg.io.pyarrow import (
    PyArrowFileIO,
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from events.concurrency import parallel_map
from lake.footers import footer_in, pages_match, tail_of


class DamagedFile(Exception):
    """A data file is missing or unreadable; the message names table and file, and says what to do."""


class LostMetadata(Exception):
    """A manifest is missing, so the table's data files are unknown; the message says what to do."""


@dataclass(frozen=True)
class Damage:
    """A data file, and what is wrong with it."""

    file: DataFile
    why: str


def repair_error(table: Table, file: DataFile, why: str) -> DamagedFile:
    *_, layer, stream = table.name()
    return DamagedFile(
        f"table {layer}.{stream}, data file {file.file_path}: {why}. "
        f"`make repair STREAM={stream}` brings its rows back, or says which are lost"
    )


@contextmanager
def naming_damage(table: Table, file: DataFile) -> Iterator[None]:
    """Raise `DamagedFile` if reading a data file fails because the file is damaged.

    Errors of the storage (no permission, no network) pass unchanged.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        if why := fault(table, file):
            raise repair_error(table, file, why) from error
        raise


def contradiction(file: DataFile, footer: pq.FileMetaData, schema: pa.Schema) -> str | None:
    """How a file's footer contradicts its manifest or its table's schema; None if it does not."""
    groups = sum(footer.row_group(group).num_rows for group in range(footer.num_row_groups))
    if not footer.num_rows == groups == file.record_count:
        return f"its footer says {groups:,} rows, its manifest {file.record_count:,}"
    for field in footer.schema.to_arrow_schema():
        place = schema.get_field_index(field.name)
        if place < 0 or not _fits(field.type, schema.field(place).type):
            return f"its footer has a column {field.name!r} of type {field.type}, which the table does not have"
    return None


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a file's column type fits the table's, which may have gained struct fields and decimal digits since."""
    types = pa.types
    if types.is_dictionary(found) or types.is_dictionary(wanted):
        return _fits(getattr(found, "value_type", found), getattr(wanted, "value_type", wanted))
    if types.is_struct(found) and types.is_struct(wanted):
        known = {field.name: field.type for field in wanted}
        return all(field.name in known and _fits(field.type, known[field.name]) for field in found)
    if types.is_decimal(found) and types.is_decimal(wanted):
        return bool(found.scale == wanted.scale and found.precision <= wanted.precision)
    for alike in (
        (types.is_list, types.is_large_list),
        (types.is_string, types.is_large_string),
        (types.is_binary, types.is_large_binary),
    ):
        if any(is_one(found) for is_one in alike) and any(is_one(wanted) for is_one in alike):
            return not hasattr(found, "value_type") or _fits(found.value_type, wanted.value_type)
    return bool(found == wanted)


def find_damage(table: Table, files: Sequence[DataFile], pages: bool = True) -> list[Damage]:
    """Those of a table's data files that are missing or damaged. With `pages` all bytes are read, else only footers.

    Raises the storage's own errors: a file that cannot be reached is not taken for lost.
    """
    if not files:
        return []
    scheme, netloc, root = PyArrowFileIO.parse_location(table.location())
    filesystem: fs.FileSystem = table.io.fs_by_scheme(scheme, netloc)  # type: ignore[attr-defined]
    listed = filesystem.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
    sizes = {found.path: found.size for found in listed}

    def check(file: DataFile) -> str | None:
        path = PyArrowFileIO.parse_location(file.file_path)[2]
        if path.startswith(root) and path not in sizes:
            return "it is missing"
        return fault(table, file, pages)

    return [Damage(file, why) for file, why in zip(files, parallel_map(check, files), strict=True) if why]


def fault(table: Table, file: DataFile, pages: bool = True) -> str | None:
    """What is wrong with a data file; None if nothing is. Raises the storage's own errors."""
    source = table.io.new_input(file.file_path)
    try:
        size = len(source)
        with source.open() as stream:
            content = stream.read() if pages else tail_of(stream, size)
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return "the disk cannot read it: Input/output error"
    if size != file.file_size_in_bytes:
        return f"it has {size:,} bytes instead of {file.file_size_in_bytes:,}"
    try:
        return _fault_in(table, file, content, pages)
    except (OSError, MemoryError, pa.ArrowException) as error:
        return str(error).splitlines()[0]


def _fault_in(table: Table, file: DataFile, content: bytes, pages: bool) -> str | None:
    """How a file's content contradicts its manifest or itself. Raises Arrow's errors."""
    schema = table.schema()
    footer = footer_in(content)
    if why := contradiction(file, footer, schema_to_pyarrow(schema)):
        return why
    measured, ids = compute_statistics_plan(schema, table.properties), parquet_path_to_id_mapping(schema)
    found = data_file_statistics_from_parquet_metadata(footer, measured, ids).to_serialized_dict()
    for name in ("column_sizes", "lower_bounds", "upper_bounds"):
        noted = getattr(file, name) or {}
        if any(noted.get(column, value) != value for column, value in (found[name] or {}).items()):
            return f"its footer and its manifest give different {name.replace('_', ' ')}"
    if not pages or (match := pages_match(content)):
        return None
    with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as parquet:
        # Reading names the damaged page. A file without checksums may be found damaged only here.
        for _ in parquet.iter_batches(use_threads=False):
            pass
    return None if match is None else "its checksum does not match"
