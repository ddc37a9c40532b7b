"""Set-up does what is not done, says what went wrong, and leaves no process behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import data_folder, packages, setup
from scripts.data_folder import ROOT
from scripts.terminal import Failed


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose steps only note that they ran."""
    made = tmp_path / "venv"

    def environment(venv: Path, _: object) -> None:
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / setup.NOTES).unlink(missing_ok=True)
        for program in ("python", "uv"):
            (venv / "bin" / program).touch()

    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(packages, "make_environment", environment)
    monkeypatch.setattr(packages, "install", lambda *_: None)
    monkeypatch.setattr(packages, "run", lambda *_: None)
    return made


def test_what_is_done_is_not_done_again(venv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every verb sets up first, so that has to be free."""
    assert setup.set_up(venv, tests=False, exact=False) == 4
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1/4", "2/4", "3/4", "4/4"]
    assert setup.set_up(venv, tests=False, exact=True) == 0
    assert capsys.readouterr().out == ""


def test_an_interrupted_step_is_done_again(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And all after it; those before it are done."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(packages, "install", interrupt)
    with pytest.raises(KeyboardInterrupt):
        setup.set_up(venv, tests=False, exact=False)
    monkeypatch.setattr(packages, "install", lambda *_: None)
    assert setup.set_up(venv, tests=False, exact=False) == 2


def test_tests_need_more_packages_than_the_platform(venv: Path) -> None:
    """The packages of tests are enough for the platform, not the other way round."""
    setup.set_up(venv, tests=False, exact=False)
    assert setup.set_up(venv, tests=True, exact=False) == 2  # what is compiled follows the packages
    assert setup.set_up(venv, tests=False, exact=False) == 0


def test_another_python_replaces_the_environment_only_if_asked(venv: Path) -> None:
    """A plain `make demo` uses the environment that is there."""
    setup.set_up(venv, tests=False, exact=False)
    noted = json.loads((venv / setup.NOTES).read_text())
    (venv / setup.NOTES).write_text(json.dumps(noted | {"python": "3.99"}))
    assert setup.set_up(venv, tests=False, exact=False) == 0
    assert setup.set_up(venv, tests=False, exact=True) == 3


@pytest.mark.parametrize("content", ["", "[1", "{}"])
def test_a_damaged_environment_is_made_again(venv: Path, content: str) -> None:
    """A note that a crash cut off is no note."""
    setup.set_up(venv, tests=False, exact=False)
    (venv / setup.NOTES).write_text(content)
    assert setup.set_up(venv, tests=False, exact=False) == 3


def test_a_moved_environment_is_made_again(venv: Path) -> None:
    """Its programs name the old folder."""
    setup.set_up(venv, tests=False, exact=False)
    assert setup.set_up(venv.rename(venv.with_name("moved")), tests=False, exact=False) == 3


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        ("error: failed to write to file: No space left on device (os error 28)", "The disk is full"),
        ("  Caused by: dns error: failed to lookup address information", "cannot be reached"),
        ("ERROR: No matching distribution found for uv==0.13.9", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\nHash mismatch for x", "not the one in the lock"),
        ("OSError: [Errno 13] Permission denied: '/x/.venv'", "cannot be written"),
        ("Traceback\nValueError: unheard of", "ValueError: unheard of"),
    ],
)
def test_errors_are_explained(printed: str, says: str) -> None:
    """In words that say what to do, with the tool's own line below."""
    assert says in packages.explain(printed)
    assert printed.splitlines()[-1].strip() in packages.explain(printed)


def test_a_failed_command_ends_the_others(tmp_path: Path) -> None:
    """Nothing goes on in the background, and nothing is printed but what the error says."""
    began = tmp_path / "began"
    wait = f"import pathlib, time; pathlib.Path({str(began)!r}).touch(); time.sleep(600)"
    fail = f"import os, sys, time\nwhile not os.path.exists({str(began)!r}): time.sleep(0.01)\nsys.exit('it is broken')"
    with pytest.raises(Failed, match="it is broken"):
        packages.run([[sys.executable, "-c", code] for code in (wait, fail)], lambda _: None)


def test_progress_counts_downloads() -> None:
    """uv names the larger packages when it begins and ends to download them."""
    uv = "Resolved 3 packages\nDownloading polars (51.4MiB)\nDownloading numpy (16.1MiB)\n Downloaded numpy\n"
    assert packages.progress(uv, 7.4) == "1 of 2 large packages downloaded, 7 s"
    assert packages.progress("", 7.4) == "7 s"


def test_the_lock_pins_the_installer() -> None:
    """uv is installed by pip first, checked by its hashes like all others."""
    pinned = packages.pinned_uv()
    assert pinned.startswith("uv==")
    assert pinned.count("--hash=sha256:") > 3
    assert not pinned.endswith("\\")


def test_an_old_python_is_told_which_one_is_needed() -> None:
    """Any Python can read the package's first file."""
    code = "import sys; sys.version_info = (3, 9, 1); import scripts"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_says_that_nothing_is_lost(tmp_path: Path) -> None:
    """While the environment is made, and with the status of an interrupt."""
    command = [sys.executable, "-m", "scripts.setup", "--venv", str(tmp_path / "venv")]
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path / "data")}
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    with running:
        while not (tmp_path / "venv").exists():
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.stdout is not None
        printed = running.stdout.read()
    assert running.returncode == 130
    assert "2/4 environment" in printed
    assert printed.endswith("stopped\nStopped. Nothing is lost: run it again, and it goes on.\n")
    assert data_folder.is_ready(tmp_path / "data")
