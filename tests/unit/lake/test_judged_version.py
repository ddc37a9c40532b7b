"""Silver and rejected name the contract version under which they were judged."""

from __future__ import annotations

from typing import Any

from lake.schemas import Layer


def versions(platform: Any, layer: Layer) -> dict[int, str]:
    """The version of each stored row, by its line."""
    return dict(platform.rows(layer).select("_line", "_contract_version").iter_rows())


def snapshot_version(platform: Any) -> str:
    """The version that silver's current snapshot names."""
    snapshot = platform.lake.table(Layer.SILVER, platform.stream).current_snapshot()
    found: str = snapshot.summary["contract-version"]
    return found


def test_snapshots_and_rows_name_the_contract(platform: Any, shop: Any) -> None:
    """Winners, refused records and losers name it. Rows of another version are judged again."""
    platform.put(0, "a", [shop("1"), shop("1"), b"{", shop("2")])
    platform.run(0)
    first = platform.stream.version
    assert snapshot_version(platform) == first
    assert versions(platform, Layer.SILVER) == {1: first, 4: first}
    assert versions(platform, Layer.REJECTED) == {2: first, 3: first}
    platform.bump()
    second = platform.stream.version
    assert platform.run(0)
    assert snapshot_version(platform) == second != first
    assert versions(platform, Layer.SILVER) == {1: second, 4: second}
    assert versions(platform, Layer.REJECTED) == {2: second, 3: second}


def test_hours_not_judged_again_keep_their_version(platform: Any, shop: Any) -> None:
    """A snapshot names the version at its commit; each row names its own."""
    platform.put(0, "a", [shop("1"), b"{"])
    platform.run(0)
    first = platform.stream.version
    platform.bump()
    platform.put(1, "b", [b"\n", shop("2"), b"}"])
    platform.run(1)
    assert snapshot_version(platform) == platform.stream.version
    assert set(versions(platform, Layer.SILVER).values()) == {first, platform.stream.version}
    assert set(versions(platform, Layer.REJECTED).values()) == {first, platform.stream.version}
