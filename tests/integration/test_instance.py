"""The instance of a deployment, as the image has it: what Dagster remembers is in PostgreSQL, and nowhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

import postgres
import pytest
import scanning
from driving import ROOT, Platform, execute

from simulate.commerce import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not postgres.installed(), reason="PostgreSQL is not installed"),
]
HOUR = dt.datetime(2026, 1, 1, 10)
PASSWORD = "canary-of-the-instance"


@pytest.fixture(scope="module")
def storage() -> Iterator[tuple[int, Mapping[str, str]]]:
    """An empty database: its port, and the settings of infra/dagster.yaml that lead to it."""
    with postgres.postgres() as port:
        names = {"HOST": "127.0.0.1", "PORT": str(port), "USER": postgres.USER, "DB": postgres.USER}
        yield port, {f"DAGSTER_PG_{name}": value for name, value in {**names, "PASSWORD": PASSWORD}.items()}


def test_runs_are_remembered_in_postgresql(
    make_platform: Callable[[str], Platform], storage: tuple[int, Mapping[str, str]]
) -> None:
    """Runs, events and partitions; webserver, daemon and code location, which share no disk, all see them."""
    port, settings = storage
    platform = make_platform("instance")
    simulate(COMMERCE, Plan(HOUR, hours=1, rate=60), platform.landing)
    done = execute(platform, "ingest", HOUR, ROOT / "infra" / "dagster.yaml", **settings)
    assert done.returncode == 0, done.stderr[-3000:]
    with postgres.connect(port).cursor() as cursor:
        cursor.execute("SELECT status FROM runs")
        assert cursor.fetchall() == [("SUCCESS",)]
        cursor.execute(
            "SELECT DISTINCT partition FROM event_logs "
            "WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND asset_key = '[\"silver\", \"commerce\"]'"
        )
        assert cursor.fetchall() == [("2026-01-01-10:00",)]
        cursor.connection.close()
    assert not list((platform.data / "dagster").rglob("*.db"))
    (platform.data / "said").write_text(done.stdout + done.stderr)
    assert scanning.sightings(platform.data, {"DAGSTER_PG_PASSWORD": PASSWORD}) == {}
