"""Opening a catalog while another process does the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import CatalogType
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import text

from lake.catalog import open_catalog


def test_two_processes_may_make_a_catalog_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find no tables and create them; the later one finds them created."""
    create = SqlCatalog.create_tables
    late: list[bool] = []

    def created_too_late(self: Any) -> None:
        create(self)
        if not late:
            late.append(True)
            with self.engine.begin() as connection:
                connection.execute(text("CREATE TABLE iceberg_tables (catalog_name VARCHAR)"))

    monkeypatch.setattr(SqlCatalog, "create_tables", created_too_late)
    properties = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": tmp_path.as_uri()}
    assert open_catalog(CatalogType.SQL, properties).list_namespaces() == []
    assert late
