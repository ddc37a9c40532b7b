"""The command line: arguments make the plan, and the truth file is written to the given path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulate.__main__ import main
from simulate.streams import STREAMS


def test_a_run_writes_files_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--landing", str(tmp_path / "landing"), "--truth", str(tmp_path / "out" / "truth.json")]
    main(["commerce", "--start", "2026-01-01T22", "--hours", "3", "--rate", "200", "--clean", "--late", "0.5", *where])
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert truth["start"] == "2026-01-01T22:00:00Z"
    assert list(truth["landed"]["by_arrival_hour"]) == ["2026-01-01-22:00", "2026-01-01-23:00", "2026-01-02-00:00"]
    assert truth["rejected"]["total"] == 0
    assert truth["files"] == len(list((tmp_path / "landing" / "commerce").rglob("*.json.gz")))
    assert "records/s" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--rate", "0"], ["--late", "2"], ["--start", "2026-01-01T00:30"], ["--start", "x"]])
def test_an_impossible_plan_is_a_usage_error(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["commerce", "--start", "2026-01-01T00", "--landing", str(tmp_path), *wrong])
    assert not list(tmp_path.iterdir())


def test_all_streams_land_together(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.json"
    where = ["--landing", str(tmp_path / "landing"), "--truth", str(truth_file), "--canaries"]
    main(["all", "--start", "2026-01-01T00", "--hours", "1", "--rate", "100", *where])
    truth = json.loads(truth_file.read_text())
    assert set(truth["streams"]) == set(STREAMS) == {path.name for path in (tmp_path / "landing").iterdir()}
    for name, of_stream in truth["streams"].items():
        assert of_stream["files"] == sum(path.is_file() for path in (tmp_path / "landing" / name).rglob("*"))
        assert bool(of_stream["canaries"]) == bool(STREAMS[name].personal)
