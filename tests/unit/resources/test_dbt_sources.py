"""dbt's sources are written from the contracts."""

from __future__ import annotations

import yaml

from contracts import STREAMS
from lake.schemas import Layer, definition
from resources.dbt_sources import PATH, sources


def test_the_sources_are_those_of_the_contracts() -> None:
    """A new column of a contract has to reach dbt: `make sources` writes the file."""
    assert PATH.read_text() == sources(STREAMS)


def test_every_column_of_silver_is_a_column_of_its_source() -> None:
    """A model can only be checked against columns that its source declares."""
    (silver,) = yaml.safe_load(sources(STREAMS))["sources"]
    for stream, table in zip(STREAMS, silver["tables"], strict=True):
        columns = [field.name for field in definition(Layer.SILVER, stream).schema.fields]
        assert [column["name"] for column in table["columns"]] == columns
