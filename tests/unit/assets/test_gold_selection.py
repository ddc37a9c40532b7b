"""Which models a gold run builds after silver or gold's code changed."""

from __future__ import annotations

import datetime as dt

from assets.gold_selection import is_released, nodes_to_build
from assets.gold_translator import built_nodes, streams_of
from contracts import STREAMS
from lake.changed_dates import ChangedDates

DAY = dt.date(2024, 5, 1)
SHOP = {"commerce": ChangedDates(gained=frozenset([DAY]))}


def names(nodes: set[str]) -> set[str]:
    return {node.rsplit(".", 1)[-1] for node in nodes}


def test_nothing_is_built_when_nothing_changed() -> None:
    assert nodes_to_build({}, [], []) == set()


def test_what_a_stream_leads_to_is_built() -> None:
    """Directly, or through models that other streams lead to as well, such as figures as of the last event date."""
    built = names(nodes_to_build(SHOP, [], []))
    assert {"stg_commerce", "fct_events", "int_as_of", "int_touched_people", "fct_orders", "retention_cohorts"} <= built
    assert not {"stg_web", "base_snowplow_bots", "mobile_events", "funnels"} & built


def test_a_stream_of_which_everything_may_differ_is_no_reason_to_build_the_others() -> None:
    assert nodes_to_build({"commerce": None}, [], []) == nodes_to_build(SHOP, [], [])


def test_models_of_other_code_are_built_as_well() -> None:
    assert names(nodes_to_build({}, [], ["model.gold.stg_web"])) == {"stg_web"}


def test_dates_that_did_not_change_are_rebuilt_in_all_models() -> None:
    """The sensor asks for dates that changed; a person may ask for any."""
    assert nodes_to_build(SHOP, [DAY.isoformat()], []) == nodes_to_build(SHOP, [], [])
    assert nodes_to_build(SHOP, [DAY.isoformat(), "2024-04-01"], []) == set(built_nodes())
    assert nodes_to_build({}, [DAY.isoformat()], []) == set(built_nodes())


def test_every_model_but_seeds_has_streams() -> None:
    known = {stream.name for stream in STREAMS}
    for name in built_nodes():
        streams = streams_of(name)
        assert streams <= known, name
        assert bool(streams) != name.startswith("seed."), name


def test_a_release_by_other_code_or_as_of_another_date_is_made_again_in_full() -> None:
    """Its run may have built the tables and failed in a data test, so nothing else tells that it released nothing."""
    facts = {"code": "abc", "as_of": "", "run_id": "1"}
    assert is_released(facts, {"code": "abc", "as_of": ""})
    assert not is_released(facts, {"code": "abd", "as_of": ""})
    assert not is_released(facts, {"code": "abc", "as_of": "2024-05-01"})
    assert not is_released({}, {"code": "abc", "as_of": ""})
