"""Every flipped bit of a data file is noticed: by reading if it could change a row, else by a check of all bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.commerce import COMMERCE
from lake.damage import DamagedFile, fault
from lake.footers import MARK, DamagedFooter, footer_in, pages_match, tail_of
from lake.reading import read, read_columns
from lake.schemas import Layer

Written = tuple[Table, DataFile, Path, bytes]


@pytest.fixture
def written(lake: Any, silver: Callable[..., pl.DataFrame], write: Callable[..., list[DataFile]]) -> Written:
    """A table, one of its data files, the file's path and its bytes."""
    table = lake.table(Layer.SILVER, COMMERCE)
    (file,) = write(table, silver(*((f"e{number}", 1) for number in range(50))))
    path = Path(file.file_path.removeprefix("file://"))
    return table, file, path, path.read_bytes()


def rows(table: Table, file: DataFile) -> list[Any]:
    return [row for batch in read(table, [file]) for row in batch.to_pylist()]


def test_a_flipped_bit_changes_no_row_without_an_error(written: Written) -> None:
    """Parquet's own checksums cover pages only, but the footer says which column is which."""
    table, file, path, content = written
    expected = rows(table, file)
    for place in range(0, len(content), 23):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << place % 8
        path.write_bytes(spoilt)
        try:
            assert rows(table, file) == expected
        except DamagedFile:
            assert fault(table, file)
        mark = content.rindex(MARK)
        assert fault(table, file) or mark <= place < mark + len(MARK)


def test_a_spoilt_footer_is_noticed_by_whoever_reads_few_columns(written: Written) -> None:
    """Look-ups read only the keys of very many files."""
    table, file, path, content = written
    path.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    with pytest.raises(DamagedFile, match=r"table silver.commerce, data file .*: the checksum of its footer"):
        list(read_columns(table, file, ["_key"]))


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_any_end_of_a_file_is_an_error_or_a_footer(end: bytes) -> None:
    """Other bytes must not be taken for a footer."""
    with tempfile.TemporaryFile() as file:
        file.write(end)
        with pytest.raises((OSError, ValueError)):
            footer_in(tail_of(file, len(end)))


def test_files_of_other_writers_are_read_as_they_are(written: Written, tmp_path: Path) -> None:
    """Another engine may write into the lake; its files have no checksum before the footer."""
    foreign = tmp_path / "foreign.parquet"
    pq.write_table(pq.read_table(written[2]), foreign)
    content = foreign.read_bytes()
    assert footer_in(content).num_rows == 50
    assert pages_match(content) is None


def test_other_readers_do_not_mind(written: Written) -> None:
    """DuckDB is the warehouse: it reads these very files."""
    _, _, path, content = written
    assert duckdb.sql(f"SELECT count(*), count(DISTINCT event_id) FROM '{path}'").fetchall() == [(50, 50)]
    assert pq.read_table(path).num_rows == 50
    assert pages_match(content)


def test_a_footer_longer_than_the_first_look_is_read_whole(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of many row groups have footers of megabytes."""
    monkeypatch.setattr("lake.footers._TAIL", 100)
    _, _, path, content = written
    with path.open("rb") as file:
        assert footer_in(tail_of(file, len(content))).num_rows == 50
    with pytest.raises(DamagedFooter):
        footer_in(content[:-30] + bytes([content[-30] ^ 1]) + content[-29:])


def test_an_error_of_the_storage_is_not_the_files_own(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a missing permission counted as damage, every file of the lake would count as lost."""
    table, file, _, _ = written
    denied = PermissionError(13, "Permission denied")

    def refuse(*_: object) -> None:
        raise denied

    monkeypatch.setattr("pyiceberg.io.pyarrow.PyArrowFile.open", refuse)
    with pytest.raises(PermissionError):
        fault(table, file)
