"""JSON in machine code: `extract` typed columns, `split` bytes into records, `digest` content; nobody imports further.

The other names are what these three take and return.
"""

from events.json.door import digest, extract, split
from events.json.elements import Elements
from events.json.extraction import Extraction
from events.json.projection import Column, Projection
from events.json.splitting import Split

__all__ = ["Column", "Elements", "Extraction", "Projection", "Split", "digest", "extract", "split"]
