"""The doctor: a line for each thing, well or what to do, soon, and never the value of a setting."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from resources import dbt, doctor
from resources.doctor import Problem, examination
from resources.environment import DEPLOYMENTS
from resources.landing.s3 import S3Landing
from resources.warehouse.protocol import WarehouseBusy

ROOT = Path(__file__).resolve().parents[3]
CANARY = "hunter2-canary"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which all is well, and nothing has run yet."""
    for name in ("DEPLOYMENT", "LANDING_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setattr(dbt, "is_prepared", lambda: True)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    """What the doctor printed: by check, how it is and what was found."""
    printed = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    return {
        name: (state, found) for state, name, found in (line for line in printed if line[:1] in (["ok"], ["wrong"]))
    }


def test_all_is_well_before_the_first_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not made yet is no problem, and the doctor does not make it."""
    assert doctor.main() == 0
    found = lines(capsys)
    assert {state for state, _ in found.values()} == {"ok"}
    assert set(found) == {check.__name__ for check in (*doctor.CHECKS, *doctor.SERVICES)}
    assert "not made yet" in found["catalog"][1]
    assert not (home / "lake" / "catalog.db").exists()


def test_each_problem_is_a_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All are found in one go, and the status says that there are some."""
    (home / "scratch").touch()
    (home / "lake").mkdir()
    (home / "lake" / "catalog.db").write_text("no database, but long enough to be taken for one" * 20)
    monkeypatch.setattr(dbt, "is_prepared", lambda: False)
    monkeypatch.setattr(doctor, "FREE_GB", 1e9)
    assert doctor.main() == 1
    wrong = {name: found for name, (state, found) in lines(capsys).items() if state == "wrong"}
    assert set(wrong) == {"folders", "manifest", "disk", "catalog"}
    assert "set DATA_DIR" in wrong["folders"]
    assert "make setup" in wrong["manifest"]
    assert "free some space" in wrong["disk"]
    assert "recover" in wrong["catalog"]


@pytest.mark.parametrize("deployment", [*DEPLOYMENTS, "staging-typo"])
def test_no_value_of_a_setting_is_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: str
) -> None:
    """Not even of a setting that is misspelt."""
    required = DEPLOYMENTS["aws-snowflake"].required + DEPLOYMENTS["aws-redshift"].required
    monkeypatch.setenv("DEPLOYMENT", deployment)
    for name in (*required[1:], "SNOWFLAKE_PRIVAT_KEY"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.delenv(required[0], raising=False)
    assert doctor.main() == 1
    printed = capsys.readouterr().out
    assert CANARY not in printed
    expected = "SNOWFLAKE_PRIVATE_KEY meant?" if deployment == "local" else required[0]
    assert (expected if deployment in DEPLOYMENTS else "'staging-typo' is unknown") in printed
    assert "not checked, as they need the settings: catalog" in printed


def test_packages_are_compared_with_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing, one of another version; markers of other machines do not count."""
    lock = "dagster==1.0.0 \\\n    --hash=sha256:00\n    # via x\nno-such-thing==2 ; python_full_version >= '3.11' \\\n"
    (tmp_path / "requirements.lock").write_text(lock + "windows-only==1 ; sys_platform == 'win32' \\\n")
    monkeypatch.setattr(doctor, "CHECKOUT", tmp_path)
    with pytest.raises(Problem, match=r"dagster==1\.0\.0.*no-such-thing==2") as raised:
        doctor.versions()
    assert "windows-only" not in str(raised.value)


def test_the_locks_of_checkout_and_image_are_found() -> None:
    """The image has its lock where the checkout has the one with the tests' packages."""
    assert (ROOT / doctor.LOCKS[0]).exists()
    assert f"COPY {doctor.LOCKS[0]} /app/" in (ROOT / "Dockerfile").read_text()


def test_a_dead_service_is_a_line_and_no_hang() -> None:
    """A check has a limit, whatever its client does."""
    assert examination(lambda: time.sleep(600) or "never", 0.05)() == (
        False,
        "no answer within 0.05 s: is the service there, and can this machine reach it?",
    )


def test_an_error_is_one_line() -> None:
    """Clients raise errors of many lines."""

    def fail() -> str:
        raise OSError("cannot reach it\n  at all")

    assert examination(fail, 5)() == (False, "OSError: cannot reach it at all")


def test_kafka_need_not_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A laptop has no brokers."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    assert doctor.kafka() == "not used: KAFKA_BOOTSTRAP_SERVERS is not set"


def test_a_warehouse_in_use_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's file belongs to one process at a time."""
    busy = MagicMock(**{"applied_snapshots.side_effect": WarehouseBusy})
    monkeypatch.setattr(doctor, "make", lambda *_: busy)
    assert doctor.warehouse() == "in use by a run"


@pytest.mark.parametrize(("behind_s", "well"), [(0, True), (3600, False)])
def test_the_clock_is_compared_with_that_of_s3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind_s: float, well: bool
) -> None:
    """An hour ahead, S3 refuses requests and events of now are not believed."""
    date = formatdate(time.time() - behind_s, usegmt=True)
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    zone = S3Landing("bucket", "landing", tmp_path)
    vars(zone)["client"] = SimpleNamespace(list_objects_v2=lambda **_: answer)
    monkeypatch.setattr(doctor, "make", lambda *_: zone)
    fine, found = examination(doctor.clock, 5)()
    assert (fine, "S3" in found) == (well, True)
