"""dbt's sources, written from the contracts. `python -m resources.dbt_sources` writes them to dbt's folder."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from contracts import STREAMS
from contracts.stream import Stream
from lake.schemas import Layer, definition
from resources.dbt import PROJECT

PATH = PROJECT / "models" / "staging" / "sources.yml"
HEADER = "# Written from the contracts by `make sources`; edit those.\n"


def sources(streams: Sequence[Stream]) -> str:
    """The text of sources.yml: silver's relation of each stream, with its columns."""
    tables = [
        {
            "name": stream.name,
            "description": f"One row per event. {stream.description}, contract {stream.version}.",
            "columns": [
                {"name": field.name, **({"description": field.doc} if field.doc else {})}
                for field in definition(Layer.SILVER, stream).schema.fields
            ],
        }
        for stream in streams
    ]
    silver = {
        "name": "silver",
        "schema": "silver",
        "description": "Typed events that keep their contract, unique by key and event date",
        "tables": tables,
    }
    return HEADER + str(yaml.safe_dump({"sources": [silver]}, sort_keys=False, width=120, allow_unicode=True))


if __name__ == "__main__":
    PATH.write_text(sources(STREAMS))
