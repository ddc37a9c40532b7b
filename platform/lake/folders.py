"""Folders: the files in a table's folder, and what they prove about the catalog.

Belongs here: listing a folder, and evidence that a catalog is out of date. Not here: opening tables (`tables`),
choosing the metadata at which a lost table is registered (`recover`).

A metadata file is named `<version>-<uuid>.metadata.json`. A commit writes version n + 1 only after it has read version
n from the catalog. So, with any number of writers, if the folder is read before the catalog:

- The file that `version-hint.text` names was committed. A catalog that names an earlier version is out of date.
- A file two versions ahead of the catalog proves the same. A file one version ahead does not: its commit may be under
  way, or refused, or cut off by a crash.
- A folder has files besides metadata of version 0 only after the catalog has known the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pyarrow import fs
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table

HINT = "version-hint.text"  # the name and place that DuckDB and pyiceberg's StaticTable look for
SUFFIX = ".metadata.json"
RECOVERED = "recovered-at"  # a table's property, set by recovery and removed by the next upkeep
RECOVER = "Stop what runs the platform, then `make recover` (job `recover`); docs/operations.md has the steps."


class CatalogLost(Exception):
    """The catalog cannot be read, lacks a table whose files are there, or names an older state than the files do."""


@dataclass(frozen=True)
class Evidence:
    """A metadata file, and the lowest version that a catalog read later can name if it is up to date."""

    metadata_location: str
    version: int

    def is_newer_than(self, named: str) -> bool:
        """Whether a catalog that names this metadata is out of date."""
        mine = version_of(self.metadata_location)
        another = mine == self.version == version_of(named) and named != self.metadata_location
        return another or version_of(named) < self.version

    def demand(self, table: Table) -> None:
        """Raise `CatalogLost` if a table that was loaded from the catalog later is older than the evidence."""
        if self.is_newer_than(table.metadata_location):
            raise CatalogLost(
                f"table {'.'.join(table.name())}: the catalog names {table.metadata_location}, which is older than "
                f"{self.metadata_location} in the table's folder: a commit now would lose rows. {RECOVER}"
            )


def version_of(metadata_location: str) -> int:
    """The version in a metadata file's name; -1 if it has none."""
    found = re.match(r"v?(\d+)\b", metadata_location.rsplit("/", 1)[-1])
    return int(found[1]) if found else -1


@dataclass(frozen=True)
class Folder:
    """A table's folder, by its location."""

    location: str
    io: FileIO

    @classmethod
    def of(cls, table: Table) -> Folder:
        return cls(table.location().rstrip("/"), table.io)

    def files(self) -> list[fs.FileInfo]:
        """Every file below the folder."""
        return [entry for entry in self._listed(self.location, recursive=True) if entry.type == fs.FileType.File]

    def children(self) -> list[str]:
        """The names of its subfolders."""
        return sorted(entry.base_name for entry in self._listed(self.location) if entry.type == fs.FileType.Directory)

    def metadata_files(self) -> list[str]:
        """The locations of all metadata files, highest version first."""
        names = (entry.base_name for entry in self._listed(self._metadata))
        return sorted((f"{self._metadata}/{name}" for name in names if name.endswith(SUFFIX)), key=version_of)[::-1]

    def is_unused(self) -> bool:
        """Whether the folder holds only what an unfinished creation or a purge of a table leaves behind."""
        if any(version_of(location) != 0 for location in self.metadata_files()):
            return False
        return all(file.base_name.endswith((SUFFIX, HINT)) or file.base_name[0] == "." for file in self.files())

    def note(self, metadata_location: str) -> None:
        """Write the name of a committed metadata file into `version-hint.text`."""
        name = metadata_location.rsplit("/", 1)[-1].removesuffix(SUFFIX)
        with self.io.new_output(self.hint).create(overwrite=True) as output:
            output.write(name.encode())

    def committed(self) -> str | None:
        """The metadata file that `note` named last."""
        try:
            with self.io.new_input(self.hint).open() as source:
                name = source.read().decode("ascii", "replace")
        except FileNotFoundError:
            return None
        return f"{self._metadata}/{name}{SUFFIX}" if re.fullmatch(r"\d+-[\w.-]+", name) else None

    def evidence(self) -> Evidence | None:
        """What the folder proves about a catalog that is read from now on."""
        noted = self.committed()
        return Evidence(noted, version_of(noted)) if noted else self.listed()

    def listed(self) -> Evidence | None:
        """What the metadata files alone prove, whichever tool wrote them."""
        newest = next(iter(self.metadata_files()), None)
        return Evidence(newest, version_of(newest) - 1) if newest else None

    @property
    def hint(self) -> str:
        return f"{self._metadata}/{HINT}"

    @property
    def filesystem(self) -> Any:
        scheme, netloc, _ = PyArrowFileIO.parse_location(self.location)
        return self.io.fs_by_scheme(scheme, netloc)  # type: ignore[attr-defined]

    @property
    def _metadata(self) -> str:
        return f"{self.location}/metadata"

    def _listed(self, location: str, recursive: bool = False) -> list[fs.FileInfo]:
        root = PyArrowFileIO.parse_location(location)[2]
        selector = fs.FileSelector(root, recursive=recursive, allow_not_found=True)
        listed: list[fs.FileInfo] = self.filesystem.get_file_info(selector)
        return listed
