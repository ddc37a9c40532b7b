"""Write `dbt/seeds/bot_user_agents.csv` anew from the list of the package crawler-user-agents.

    python -m scripts.bot_patterns crawler-user-agents.json

Belongs here: how the list's regular expressions become plain texts, which every warehouse finds alike and fast. Not
here: how user agents are judged by them (`base_snowplow_bots`).
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

SEED = Path(__file__).resolve().parents[1] / "dbt" / "seeds" / "bot_user_agents.csv"
_ANYTHING = "\0"  # stands for a part of an expression that matches more than a few texts
_PARSER: Any = re._parser  # type: ignore[attr-defined]


def texts_of(pattern: str) -> set[str]:
    """The texts of which a user agent must contain one. `^` and `$` in them stand for its start and its end.

    Of an expression with a part that matches anything, this is the longest text that it always has beside that part.
    """
    return {max(text.split(_ANYTHING), key=len) for text in _expanded(_PARSER.parse(pattern))}


def _expanded(parts: Iterable[tuple[Any, Any]]) -> list[str]:
    return ["".join(choice) for choice in product(*(_choices(str(kind), value) for kind, value in parts))]


def _choices(kind: str, value: Any) -> list[str]:
    """The texts that one part of an expression matches."""
    match kind:
        case "LITERAL":
            return [chr(value)]
        case "AT":
            return ["^" if "BEGINNING" in str(value) else "$"]
        case "IN" if all(str(each) == "LITERAL" for each, _ in value):
            return [chr(code) for _, code in value]
        case "BRANCH":
            return [text for branch in value[1] for text in _expanded(branch)]
        case "SUBPATTERN":
            return _expanded(value[3])
    return [_ANYTHING]


def shortest(texts: Iterable[str]) -> Iterator[str]:
    """Those that contain no other, in order: the others find nothing more."""
    kept: list[str] = []
    for text in sorted(set(texts), key=lambda text: (len(text), text)):
        if not any(other in text for other in kept):
            kept.append(text)
    yield from sorted(kept)


def main(source: str) -> None:
    patterns = [entry["pattern"] for entry in json.loads(Path(source).read_text())]
    with SEED.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        rows.writerow(["pattern"])
        rows.writerows([text] for text in shortest(text for pattern in patterns for text in texts_of(pattern)))


if __name__ == "__main__":
    main(sys.argv[1])
