"""Catalogs: opening the catalog that the lake's tables stand in.

Belongs here: what is wrong with a catalog as a whole, and changes of its entries. Not here: what is wrong with an entry
(`lake`), and what it should name (`recovery`).
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
    """The catalog named `lake`. Raises `CatalogLost` where it is a file that cannot be read."""
    try:
        catalog = _opened(kind, properties)
        damage = _damage(catalog) if isinstance(catalog, SqlCatalog) else None
    except DatabaseError as error:
        if type(error.orig) is not sqlite3.DatabaseError:  # a subclass: locked, not allowed, no space left
            raise
        damage = str(error.orig)
    if damage:
        raise CatalogLost(
            f"the lake's catalog {properties['uri']} is no SQLite database, or a damaged one: {damage}. "
            f"Move the file away (and its -journal, if there is one), but keep it. {RECOVER}"
        )
    return catalog


def _opened(kind: CatalogType, properties: Mapping[str, str]) -> Catalog:
    """The catalog, whose tables another process may have created since this one looked for them."""
    try:
        return AVAILABLE_CATALOGS[kind]("lake", dict(properties))
    except OperationalError as error:
        if "already exists" not in str(error.orig):
            raise
        return AVAILABLE_CATALOGS[kind]("lake", dict(properties))


def _damage(catalog: SqlCatalog) -> str | None:
    """What SQLite finds wrong with the catalog's file, which has a few pages."""
    if catalog.engine.dialect.name != "sqlite":
        return None
    with catalog.engine.connect() as connection:
        found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    return None if found == "ok" else found


def ensure_namespace(catalog: Catalog, name: str) -> None:
    """Create a namespace where it is not there."""
    if (name,) not in catalog.list_namespaces():
        with suppress(NamespaceAlreadyExistsError, IntegrityError):  # another process was faster
            catalog.create_namespace(name)


def point(catalog: Catalog, kind: CatalogType, name: tuple[str, str], location: str, metadata: TableMetadata) -> None:
    """Have the catalog name this metadata file (whose content is `metadata`) of a table, whatever it named before.

    An entry of Glue is updated: grants depend on it, and the platform's role may not delete any. One of SQLite is
    replaced: a crash in between leaves a table that the catalog does not know.
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
