"""Dagster's own freshness daemon on the platform's definitions: what stands still turns red by itself."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget, freeze_time, instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.freshness import FreshnessDaemon
from driving import ROOT

pytestmark = [
    pytest.mark.integration,
    # Dagster reads this property of its own when it describes a schedule.
    pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning"),
]
WATCHED = [dg.AssetKey(path.split("/")) for path in ("bronze/web", "silver/web", "warehouse/web", "gold/fct_orders")]


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspaceProcessContext]:
    """The code location as the daemon loads it, and an empty instance."""
    monkeypatch.setenv("DEPLOYMENT", "local")
    origin = LoadableTargetOrigin(
        executable_path=sys.executable, module_name="definitions", working_directory=str(ROOT / "platform")
    )
    target = InProcessTestWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin))
    with instance_for_test() as instance, WorkspaceProcessContext(instance, target) as context:
        yield context


def states(workspace: WorkspaceProcessContext, later: dt.timedelta) -> dict[str, FreshnessState]:
    """What the daemon finds some time from now."""
    with freeze_time(dt.datetime.now(dt.UTC) + later):
        list(FreshnessDaemon().run_iteration(workspace))
    found = workspace.instance.get_freshness_state_records(WATCHED)
    return {key.path[0]: record.freshness_state for key, record in found.items()}


def test_the_overview_turns_red_by_itself(workspace: WorkspaceProcessContext) -> None:
    """The lake warns after the contract's two hours and fails an hour later; gold an hour after the lake."""
    layers = [key.path[0] for key in WATCHED]
    assert states(workspace, dt.timedelta()) == dict.fromkeys(layers, FreshnessState.UNKNOWN)
    for key in WATCHED:
        workspace.instance.report_runless_asset_event(dg.AssetMaterialization(key))
    assert states(workspace, dt.timedelta()) == dict.fromkeys(layers, FreshnessState.PASS)
    lake = layers[:3]
    at = {
        2.5: dict.fromkeys(lake, FreshnessState.WARN) | {"gold": FreshnessState.PASS},
        3.5: dict.fromkeys(lake, FreshnessState.FAIL) | {"gold": FreshnessState.WARN},
        4.5: dict.fromkeys(layers, FreshnessState.FAIL),
    }
    for hours, expected in at.items():
        assert states(workspace, dt.timedelta(hours=hours)) == expected
