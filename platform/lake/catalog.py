"""Catalog: opening the catalog of the lake's tables, and changing its entries.

Belongs here: what is wrong with a catalog as a whole. Not here: what is wrong with one entry (`tables`), which metadata
an entry should name (`recover`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress

from pyiceberg.catalog import AVAILABLE_CATALOGS, Catalog, CatalogType
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError
from pyiceberg.table.metadata import TableMetadata
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from lake.folders import RECOVER, CatalogLost


def open_catalog(kind: CatalogType, properties: Mapping[str, str]) -> Catalog:
    """The catalog named `lake`. Raises `CatalogLost` if it is a file that cannot be read."""
    try:
        catalog = _opened(kind, properties)
        damage = _damage(catalog) if isinstance(catalog, SqlCatalog) else None
    except DatabaseError as error:
        if type(error.orig) is not sqlite3.DatabaseError:  # subclasses: locked, not allowed, no space left
            raise
        damage = str(error.orig)
    if damage:
        raise CatalogLost(
            f"the lake's catalog {properties['uri']} is no SQLite database, or a damaged one: {damage}. "
            f"Move the file away (and its -journal, if there is one), but keep it. {RECOVER}"
        )
    return catalog


def _opened(kind: CatalogType, properties: Mapping[str, str]) -> Catalog:
    """The catalog. Opens it again if another process creates its tables at the same time."""
    try:
        return AVAILABLE_CATALOGS[kind]("lake", dict(properties))
    except OperationalError as error:
        if "already exists" not in str(error.orig):
            raise
        return AVAILABLE_CATALOGS[kind]("lake", dict(properties))


def _damage(catalog: SqlCatalog) -> str | None:
    """What SQLite finds wrong with the catalog's file; None if nothing is. Fast, because the file is small."""
    if catalog.engine.dialect.name != "sqlite":
        return None
    with catalog.engine.connect() as connection:
        found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return None if found == "ok" else found


def ensure_namespace(catalog: Catalog, name: str) -> None:
    """Create a namespace if it does not exist."""
    if (name,) not in catalog.list_namespaces():
        with suppress(NamespaceAlreadyExistsError, IntegrityError):  # another process was faster
            catalog.create_namespace(name)


def point(catalog: Catalog, kind: CatalogType, name: tuple[str, str], location: str, metadata: TableMetadata) -> None:
    """Make the catalog name this metadata file for a table, in place of any other. `metadata` is the file's content.

    Glue's entry is updated, because grants depend on it and the platform's role may not delete it. SQLite's entry is
    replaced; a crash in between leaves a table that the catalog does not know.
    """
    with suppress(NoSuchTableError):
        if kind is CatalogType.GLUE:
            _update_glue(catalog, name, location, metadata)
            return
        catalog.drop_table(name)
    catalog.register_table(name, location)


def _update_glue(catalog: Catalog, name: tuple[str, str], location: str, metadata: TableMetadata) -> None:
    from pyiceberg.catalog.glue import GlueCatalog, _construct_table_input

    assert isinstance(catalog, GlueCatalog)
    entry = catalog._get_glue_table(*name)
    changed = _construct_table_input(name[1], location, metadata.properties, metadata, entry)
    catalog._update_glue_table(*name, changed, entry["VersionId"])
