"""The pure core: bytes become records (decode), records become rows (conform), rows get verdicts (judge)."""
