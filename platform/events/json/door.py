"""The three functions that all other packages use. The code behind them may be replaced (see docs/decisions).

Belongs here: what the functions take, return and never do. Not here: how they do it.
"""

from __future__ import annotations

from collections.abc import Mapping

from events.byte_spans import ByteSpans
from events.json.elements import Elements
from events.json.extract_objects import add_columns, digest_objects, extract_objects
from events.json.extraction import Extraction
from events.json.projection import Projection
from events.json.splitting import Split, Splitter
from events.siphash import Digests
from events.values import Values


def extract(source: ByteSpans | Values | Mapping[str, Values | Elements], projection: Projection) -> Extraction:
    """Typed columns from JSON objects, one row per object, as the projection asks for.

    `source` is one of: n byte strings (uint8 `data`, uint32 `starts` and `ends`, bool `given`); n values, each an
    object or a text that holds one; or, for columns alone, values (of a list, also its elements) by path that were
    located before and share their `data`. A buffer is smaller than 4 GiB.

    Each column has n rows of its Polars type. A value is null where the object has none, where the column cannot hold
    it (`Extraction.rejections` says why), and where the row is not a JSON object (`Extraction.errors` says why). An
    object is UTF-8, has at most 64 levels, and nothing follows it. The first of duplicate keys counts. A number keeps
    all digits that were sent.

    Never raises for any bytes. Raises `ValueError` for a column of an unknown type.
    """
    if isinstance(source, ByteSpans | Values):
        return extract_objects(source, projection)
    result = Extraction()
    add_columns(source, projection, result)
    return result


def split(window: bytes, limit: int, *, inside: bool = False, last: bool = True, recover: bool = True) -> Split:
    """Where the JSON records of a window are: objects one after another, and the elements of arrays, in any order.

    Returns the spans of n records as two columns of 64-bit integers, and where the rest begins. The end of the rest is
    not known yet: the caller passes it again, followed by more bytes. Each byte of a window is in one record, in the
    rest, or in a separator (white space, commas, brackets of outermost arrays). `inside`: the window begins inside an
    array. `last`: nothing follows the window. At most `limit` + 1 bytes of a record are searched for its end. A longer
    record stays in the rest, and `Split.long_end` finds its end.

    Broken objects and anything else are records as well. With `recover=False`, the rest begins there instead.

    Never raises for any bytes.
    """
    return Splitter(window, limit, inside, last).split(recover)


def digest(source: ByteSpans | Values, projection: Projection) -> Digests:
    """A canonical hash of each object's content: two 64-bit words a row, equal for objects that say the same.

    White space, the order of members and escapes make no difference; a number's digits do. The projection's `volatile`
    paths do not count. It is the digest that `extract` makes in the same pass. A row that is not a JSON object has
    zeros.

    Never raises for any bytes. Raises `ValueError` for a projection without `volatile`.
    """
    if projection.scanner.digester is None:
        raise ValueError("the projection makes no digests; give it `volatile`, which may be empty")
    return digest_objects(source, projection)
