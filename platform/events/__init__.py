"""The pure core: bytes become records (`decode`), records become typed rows (`conform`), one row per key (`dedup`)."""
