"""The data folder: made ready, used by one program at a time, and deleted only if it is ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import clean, data_folder
from scripts.data_folder import CONTENTS, INSTANCE, ROOT, check_unused, in_use, is_ours, is_ready, make_ready, user
from scripts.terminal import Failed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that set-up has made, with a file or folder of each name that the platform writes."""
    made = tmp_path / "data of 'Jörg'"
    monkeypatch.setenv("DATA_DIR", str(made))
    make_ready(made)
    for name in CONTENTS:
        if not (made / name).exists():
            (made / name).write_text("x")
    return made


def test_a_relative_folder_is_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not depend on where the program was started."""
    monkeypatch.setenv("DATA_DIR", "some where")
    assert data_folder.path() == ROOT / "some where"


def test_a_folder_is_ready_with_the_instance_settings(tmp_path: Path) -> None:
    """Changed settings of the checkout are copied again."""
    assert not is_ready(tmp_path)
    make_ready(tmp_path)
    assert is_ready(tmp_path)
    (tmp_path / "dagster" / INSTANCE.name).write_text("old")
    assert is_ours(tmp_path)
    assert not is_ready(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands in the way, which also root cannot write below."""
    (tmp_path / "file").touch()
    with pytest.raises(Failed, match=r"DATA_DIR: cannot write .*/file/dagster.*\n.*DATA_DIR="):
        make_ready(tmp_path / "file")


def test_one_program_at_a_time(tmp_path: Path) -> None:
    """The second one learns who is first, and is welcome afterwards."""
    with in_use(tmp_path, "demo"):
        assert user(tmp_path) == ("demo", [os.getpid()])
        with pytest.raises(Failed, match=rf"`make demo` \(process {os.getpid()}\)"), in_use(tmp_path, "dev"):
            pass
    assert user(tmp_path) is None
    check_unused(tmp_path)


def test_a_killed_program_leaves_no_lock(tmp_path: Path) -> None:
    """Its file stays, but does not keep anybody out."""
    code = f"""
from pathlib import Path
from scripts.data_folder import in_use
with in_use(Path({str(tmp_path)!r}), "demo"):
    print("holds it", flush=True)
    input()
"""
    held = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with held:
        assert held.stdout is not None
        held.stdout.readline()
        assert user(tmp_path) == ("demo", [held.pid])
        held.send_signal(signal.SIGKILL)
    assert (tmp_path / "running").exists()
    check_unused(tmp_path)


def test_clean_deletes_what_is_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, and then the folder."""
    monkeypatch.setattr(sys, "argv", ["clean", "yes"])
    assert clean.main() == 0
    assert not folder.exists()


def test_clean_keeps_what_is_not_ours(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that somebody else put there, and what a link points to."""
    (folder / "thesis.txt").touch()
    (folder / "landing").unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "events.json").touch()
    (folder / "landing").symlink_to(elsewhere)
    monkeypatch.setattr(sys, "argv", ["clean", "yes"])
    assert clean.main() == 0
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]
    assert (elsewhere / "events.json").exists()


def test_clean_refuses_a_folder_that_set_up_did_not_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A home folder that happens to have a `landing`, say."""
    (tmp_path / "landing").mkdir()
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["clean", "yes"])
    assert clean.main() == 1
    assert "was not made by `make setup`" in capsys.readouterr().out
    assert (tmp_path / "landing").exists()


@pytest.mark.parametrize("answer", [None, "\n", "n\n", "yes please\n"])
def test_clean_deletes_nothing_without_a_yes(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None) -> None:
    """Also where nobody can answer."""
    monkeypatch.setattr(sys, "argv", ["clean"])
    monkeypatch.setattr(sys, "stdin", Answering(answer))
    assert clean.main() == (1 if answer is None else 0)
    assert {path.name for path in folder.iterdir()} == set(CONTENTS)


def test_clean_deletes_after_a_yes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question was answered."""
    monkeypatch.setattr(sys, "argv", ["clean"])
    monkeypatch.setattr(sys, "stdin", Answering("y\n"))
    assert clean.main() == 0
    assert not folder.exists()


def test_clean_waits_for_no_program(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Data that is being written is not deleted."""
    monkeypatch.setattr(sys, "argv", ["clean", "yes"])
    with in_use(folder, "dev"):
        assert clean.main() == 1
    assert "`make stop` ends it" in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == set(CONTENTS)


class Answering:
    """A terminal at which somebody types one line; None: no terminal."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer

    def isatty(self) -> bool:
        return self.answer is not None

    def readline(self) -> str:
        return self.answer or ""
