"""The demo, smaller than it is: interrupted, continued, and run again."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from demo.events import two_days_before
from partitions import key_of

ROOT = Path(__file__).resolve().parents[2]
SMALL = """
import sys
import demo.events
from demo.__main__ import main
demo.events.HOURS, demo.events.RATE = 4, 200
sys.exit(main())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The settings of a demo whose first partition is its first hour, so that its late events are older."""
    data = tmp_path / "of demo's"
    home = data / "dagster"
    home.mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", home)
    start = key_of(two_days_before(dt.datetime.now(dt.UTC)))
    (data / "demo_start").write_text(start)
    settings = {"DATA_DIR": str(data), "DAGSTER_HOME": str(home), "FIRST_HOUR": start, "PYTHONPATH": "platform"}
    return {**os.environ, **settings, "DAGSTER_DISABLE_TELEMETRY": "1"}


def demo(environment: dict[str, str], interrupt_after: str | None = None) -> tuple[int, str]:
    """The exit status and the output of a run, which is interrupted when a line with a text has come."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # children of a shell's background jobs ignore it
    process = subprocess.Popen(
        [sys.executable, "-c", SMALL], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    assert process.stdout
    lines = []
    with process:
        for line in process.stdout:
            lines.append(line)
            if interrupt_after and interrupt_after in line:
                process.send_signal(signal.SIGINT)
                interrupt_after = None
    return process.returncode, "".join(lines)


@pytest.mark.integration
@pytest.mark.verify
def test_an_interrupted_demo_goes_on(environment: dict[str, str]) -> None:
    """However often it is stopped, the tables end up equal to the truth, and then there is nothing left to do."""
    for line in ("Simulating", "Loading", "Building gold"):
        status, output = demo(environment, interrupt_after=line)
        assert (status, output.splitlines()[-1][:8]) == (130, "Stopped."), output
    status, output = demo(environment)
    assert status == 0, output
    assert "All of these numbers equal the simulator's truth" in output
    assert "\x1b" not in output
    assert "Traceback" not in output
    status, output = demo(environment)
    assert status == 0, output
    assert "Nothing has changed" in output
    assert "Loading" not in output
    older_dates_are_in_gold(environment)


def older_dates_are_in_gold(environment: dict[str, str]) -> None:
    """Gold has every event date of silver, but those before the first hour are no partitions."""
    with duckdb.connect(f"{environment['DATA_DIR']}/gold.duckdb", read_only=True) as con:
        dates = {str(date) for (date,) in con.execute("SELECT DISTINCT event_date FROM marts.fct_events").fetchall()}
    first = environment["FIRST_HOUR"][:10]
    assert min(dates) < first
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", environment["DAGSTER_HOME"])
        with dg.DagsterInstance.get() as instance:
            made = instance.get_materialized_partitions(dg.AssetKey(["gold", "fct_events"]))
    assert made == {date for date in dates if date >= first}
