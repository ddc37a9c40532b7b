"""Canaries: they are in the landed files and in the truth, and change nothing else that the truth says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import slow

from simulate.formats import Json
from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.stream import Stream
from simulate.streams import STREAMS

PLAN = Plan(datetime(2026, 1, 1), hours=1, rate=4_000, seed=5, canaries=True)
PERSONAL = [stream for stream in STREAMS.values() if stream.personal]


def figures(stream: Stream, plan: Plan, folder: Path) -> dict[str, Any]:
    found = simulate(stream, plan, folder).figures()
    return {name: value for name, value in found.items() if name not in ("bytes", "canaries")}


@pytest.mark.parametrize("stream", PERSONAL, ids=lambda stream: stream.name)
def test_each_personal_field_has_one_that_lands(stream: Stream, tmp_path: Path) -> None:
    truth = simulate(stream, PLAN, tmp_path).figures()
    text = b"".join(slow.content(path) for path in tmp_path.rglob("*") if path.is_file())
    assert truth["canaries"].keys() == stream.personal.keys()
    assert len(set(truth["canaries"].values())) == len(stream.personal)
    assert all(value.encode() in text for value in truth["canaries"].values())


@pytest.mark.parametrize("stream", PERSONAL, ids=lambda stream: stream.name)
def test_they_change_no_figure(stream: Stream, tmp_path: Path) -> None:
    plain = replace(PLAN, canaries=False)
    assert figures(stream, PLAN, tmp_path / "with") == figures(stream, plain, tmp_path / "without")
    assert simulate(stream, plain, tmp_path / "again").figures()["canaries"] == {}


def test_a_record_that_comes_again_carries_the_same_canary(tmp_path: Path) -> None:
    """Else it would be another record, where content is the key."""
    plan = replace(PLAN, shares=replace(Shares.none(), duplicates=0.5))
    truth = simulate(STREAMS["web"], plan, tmp_path).figures()
    messages = [
        Json().parse(line) for path in tmp_path.rglob("*.gz") for line in slow.content(path).decode().splitlines()
    ]
    seen = {slow.canonical(Json().parse(message["value"])) for message in messages}
    assert len(seen) == truth["silver"]["total"]


@pytest.mark.parametrize(
    ("record", "planted"),
    [
        ({"a": {"b": "old"}}, {"a": {"b": "new"}}),
        ({"a": "{'b': 'old', 'c': None}"}, {"a": "{'b': 'new', 'c': None}"}),
        ({"a": {"b": ""}}, None),
        ({"a": ""}, None),
        ({"a": None}, None),
        ({}, None),
    ],
)
def test_a_canary_takes_the_place_of_a_value(record: dict[str, Any], planted: dict[str, Any] | None) -> None:
    before = json.dumps(record)
    assert Json().plant(record, "a.b", "new") is (planted is not None)
    assert record == planted or json.dumps(record) == before
