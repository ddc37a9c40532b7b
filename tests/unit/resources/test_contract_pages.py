"""The files in docs/contracts equal what the contracts give, and a changed contract has a new version."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from contracts import STREAMS
from contracts.commerce import COMMERCE
from contracts.shape import shape
from contracts.stream import Stream
from contracts.versions import Version, Weight, version_error
from contracts.web import WEB
from resources.contract_pages import FOLDER, page, shape_text, write


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_contract_that_changed_has_a_new_version(stream: Stream) -> None:
    """Raise its `version` as far as the message says, then `make contracts`."""
    assert version_error(yaml.safe_load((FOLDER / f"{stream.name}.yml").read_text()), shape(stream)) is None


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_the_pages_are_those_of_the_contracts(stream: Stream) -> None:
    """Run `make contracts`, which writes them."""
    assert (FOLDER / f"{stream.name}.yml").read_text() == shape_text(stream)
    assert (FOLDER / f"{stream.name}.md").read_text() == page(stream)


def test_there_are_no_other_pages() -> None:
    """The page of a removed contract is removed too."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{s.name}.{end}" for s in STREAMS for end in ("md", "yml")}


def test_a_shape_is_read_as_it_was_written() -> None:
    """Otherwise an unchanged contract would seem to have changed."""
    for stream in STREAMS:
        assert yaml.safe_load(shape_text(stream)) == shape(stream)


def raised(stream: Stream, weight: Weight) -> str:
    """The next version of a contract."""
    return str(Version.of(stream.version).raised(weight))


def test_nothing_is_written_when_a_version_is_too_low(tmp_path: Path) -> None:
    """Otherwise `make contracts` itself would make the test pass."""
    assert write(STREAMS, tmp_path) == []
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    other = dataclasses.replace(COMMERCE, nulls=("none",))
    mended, wanted = raised(WEB, Weight.PATCH), raised(COMMERCE, Weight.MAJOR)
    (message,) = write([dataclasses.replace(WEB, version=mended), other], tmp_path)
    assert f"'commerce' has version {COMMERCE.version} but needs at least {wanted}" in message
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert write([dataclasses.replace(other, version=wanted)], tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"commerce.md", "commerce.yml"}
    assert f"| version | {wanted} |" in (tmp_path / "commerce.md").read_text()


def test_a_page_answers_the_usual_questions() -> None:
    """Where a stream lands, what its key is, where a value comes from, which personal data silver has."""
    text = page(COMMERCE)
    for line in (
        "| lands in | `commerce/2026/01/31/09/` or `commerce/year=2026/month=01/day=31/hour=09/` |",
        "| key | `event_id`, unique within an event date |",
        "| `order_total` | decimal(24, 6) | `order.total_amount` | "
        "`greater_than_or_equal_to(-1000000000000)`; `less_than_or_equal_to(1000000000000)` |",
        "| `items[].unit_price` | decimal(24, 6) | `order.items[].product.price` |",
        "| `anonymous_id` | string | not filled by this stream |",
        "- an order event names its order, currency and total, unless it is a refund",
        "| `customer.email` | a keyed hash, in `customer_email` |",
        "| `customer.first_name` | nothing |",
    ):
        assert line in text
    assert "| `device_platform` | string | computed from `device`, `platform` |" in page(WEB)
    assert "| wrapper | A record may be a Kafka message" in page(WEB)


def test_every_line_of_a_table_has_its_cells() -> None:
    """A rule may contain the sign that separates cells."""
    for stream in STREAMS:
        rows = [line for line in page(stream).splitlines() if line.startswith("|")]
        bare = [row.replace(r"\|", "").count("|") for row in rows]
        assert set(bare) <= {3, 6}, stream.name
