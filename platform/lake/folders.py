"""Folders: what lies where a table lies, whether or not the catalog knows of it.

Belongs here: the metadata files of a folder, and what they prove about the catalog. Not here: opening tables (`lake`),
and choosing the metadata that a lost table is registered at (`recovery`).

A metadata file is named `<version>-<uuid>.metadata.json`, and a commit writes version n + 1 only after it has read
version n from the catalog. What follows from that holds with any number of writers, as long as the folder is looked at
before the catalog is:

- The file that `version-hint.text` names was committed. A catalog that names an earlier version is older than it.
- A file two versions ahead of the catalog proves the same. A file one version ahead does not: its commit may be under
  way, refused, or cut off by a crash.
- A table has files besides the metadata of version 0 only after the catalog has known it.
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
RECOVERED = "recovered-at"  # a property that recovery gives a table, and upkeep takes away
RECOVER = "Stop what runs the platform, then `make recover` (job `recover`); docs/operations.md has the steps."


class CatalogLost(Exception):
    """The catalog is unreadable, lacks a table whose files are there, or names an older state of it than the files."""


@dataclass(frozen=True)
class Evidence:
    """A metadata file, and the version that a catalog which is asked later names at least."""

    metadata_location: str
    version: int

    def refutes(self, named: str) -> bool:
        """Whether a catalog that names this metadata is older than the folder."""
        mine = version_of(self.metadata_location)
        another = mine == self.version == version_of(named) and named != self.metadata_location
        return another or version_of(named) < self.version

    def demand(self, table: Table) -> None:
        """Raise `CatalogLost` where a table that was loaded from the catalog later is older."""
        if self.refutes(table.metadata_location):
            raise CatalogLost(
                f"table {'.'.join(table.name())}: the catalog names {table.metadata_location}, which is older than "
                f"{self.metadata_location} in the table's folder: a commit now would lose rows. {RECOVER}"
            )


def version_of(metadata_location: str) -> int:
    """The version in a metadata file's name; -1 where it has none."""
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
        """The names of the folders in it."""
        return sorted(entry.base_name for entry in self._listed(self.location) if entry.type == fs.FileType.Directory)

    def metadata_files(self) -> list[str]:
        """The locations of all metadata files, highest version first."""
        names = (entry.base_name for entry in self._listed(self._metadata))
        return sorted((f"{self._metadata}/{name}" for name in names if name.endswith(SUFFIX)), key=version_of)[::-1]

    def is_unused(self) -> bool:
        """Whether nothing is here but what an unfinished creation, or a table's purge, leaves."""
        if any(version_of(location) != 0 for location in self.metadata_files()):
            return False
        return all(file.base_name.endswith((SUFFIX, HINT)) or file.base_name[0] == "." for file in self.files())

    def note(self, metadata_location: str) -> None:
        """Name the metadata of a commit that held."""
        name = metadata_location.rsplit("/", 1)[-1].removesuffix(SUFFIX)
        with self.io.new_output(self.hint).create(overwrite=True) as output:
            output.write(name.encode())

    def committed(self) -> str | None:
        """The metadata file that `note` has named last."""
        try:
            with self.io.new_input(self.hint).open() as source:
                name = source.read().decode("ascii", "replace")
        except FileNotFoundError:
            return None
        return f"{self._metadata}/{name}{SUFFIX}" if re.fullmatch(r"\d+-[\w.-]+", name) else None

    def evidence(self) -> Evidence | None:
        """What the folder proves of the catalog from now on."""
        noted = self.committed()
        return Evidence(noted, version_of(noted)) if noted else self.listed()

    def listed(self) -> Evidence | None:
        """What the metadata files prove alone, with whatever tool they were written."""
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
