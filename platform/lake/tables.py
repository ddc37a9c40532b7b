"""Tables: the lake's Iceberg tables `<layer>.<stream>`, opened or created.

Belongs here: finding a table in the catalog, creating it, and noticing that the catalog was lost. Not here: opening the
catalog (`catalog`), schemas (`schemas`), commits (`commits`), what a folder proves (`folders`), recovery (`recover`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pyiceberg.catalog import Catalog, CatalogType
from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError
from pyiceberg.exceptions import ValidationError as MetadataError
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from contracts.stream import Stream
from lake.catalog import ensure_namespace, open_catalog
from lake.folders import RECOVER, CatalogLost, Folder
from lake.schemas import Layer, definition, evolve

UNREADABLE = (FileNotFoundError, MetadataError)  # what loading a table raises whose metadata is gone or damaged
Name = tuple[str, str]  # namespace and table


@dataclass(frozen=True)
class Lake:
    """Iceberg tables `<layer>.<stream>` in the catalog named `lake`.

    `properties` are pyiceberg's properties of the catalog, `kind` is its type, `scratch` a folder for temporary files.
    """

    properties: Mapping[str, str]
    scratch: Path
    kind: CatalogType = CatalogType.SQL

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, with a namespace for each layer. Raises `CatalogLost` if its file cannot be read."""
        catalog = open_catalog(self.kind, self.properties)
        for layer in Layer:
            ensure_namespace(catalog, layer.value)
        return catalog

    @cached_property
    def _known(self) -> set[tuple[str, Stream]]:
        return set()

    @cached_property
    def _trusted(self) -> set[Name]:
        """The tables whose folders agree with the catalog, as far as this process has looked."""
        return set()

    def table(self, layer: Layer, stream: Stream) -> Table:
        """The table at its current snapshot. The first call creates it, or evolves it to the contract.

        Raises `IncompatibleContract` if the table cannot evolve to the contract, and `CatalogLost` as `load` and
        `create` do.
        """
        name = (layer.value, stream.name)
        if (layer.value, stream) in self._known:
            return self.load(name)
        wanted = definition(layer, stream)
        try:
            table = self.load(name)
        except NoSuchTableError:
            table = self.create(name, wanted.schema, wanted.spec, wanted.properties)
        table = evolve(table, wanted.schema)
        self._known.add((layer.value, stream))
        return table

    def existing(self, layer: Layer, stream: Stream) -> Table | None:
        """The table as it is, neither created nor evolved. None if there is none yet. Raises as `load` does."""
        try:
            return self.load((layer.value, stream.name))
        except NoSuchTableError:
            return None

    def load(self, name: Name) -> Table:
        """A table at its current snapshot.

        Raises pyiceberg's `NoSuchTableError`, and `CatalogLost` if the catalog names metadata that cannot be read or
        that is older than the metadata in the table's folder. The folder is looked at once per table.
        """
        try:
            table = self.catalog.load_table(name)
            if name not in self._trusted and (evidence := Folder.of(table).evidence()):
                if evidence.is_newer_than(table.metadata_location):  # perhaps because of a commit in between
                    table = self.catalog.load_table(name)
                evidence.demand(table)
        except UNREADABLE as error:
            why = str(error).splitlines()[0]
            raise CatalogLost(
                f"table {'.'.join(name)}: the catalog names metadata that cannot be read: {why}. {RECOVER}"
            ) from error
        self._trusted.add(name)
        return table

    def create(self, name: Name, schema: Schema, spec: PartitionSpec, properties: Mapping[str, str]) -> Table:
        """A new table, or the one that another process has just created.

        Raises `CatalogLost` if the table's folder already holds files of a table.
        """
        folder = self.folder(name)
        if not folder.is_unused() and not self.catalog.table_exists(name):
            raise CatalogLost(
                f"table {'.'.join(name)}: the catalog does not know it, but {folder.location} holds files of a table. "
                f"A new one there would have them deleted as orphans. {RECOVER} If it was dropped on purpose, move the "
                "folder away."
            )
        try:
            return self.catalog.create_table(name, schema, partition_spec=spec, properties=dict(properties))
        except TableAlreadyExistsError:
            return self.load(name)

    def folder(self, name: Name) -> Folder:
        """The folder of a table that the catalog does not know."""
        location = self.catalog._resolve_table_location(None, *name).rstrip("/")  # type: ignore[attr-defined]
        return Folder(location, self.catalog._load_file_io(location=location))
