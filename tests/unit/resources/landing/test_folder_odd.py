"""A folder may contain more than readable files: each such entry is refused by name, and the files are still found."""

from __future__ import annotations

import datetime as dt
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.commerce import COMMERCE
from events.compression import Unreadable
from resources.landing.folder import FolderLanding

HOUR = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), HOUR + dt.timedelta(hours=1))
NOBODY = 65534
GOOD = "2024/05/01/10/good"


@pytest.fixture
def zone() -> Iterator[Path]:
    """An hour's folder with one good file, in a landing zone that every user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        (hour := Path(folder) / "commerce" / "2024/05/01/10").mkdir(parents=True)
        (hour / "good").write_bytes(b"x")
        yield hour


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user for whom permissions count: root may read everything."""
    before = os.geteuid()
    os.seteuid(NOBODY if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)


def landing_of(zone: Path) -> FolderLanding:
    return FolderLanding(zone.parents[4])


def listed(zone: Path) -> dict[str, str | None]:
    """Path to refusal (None: readable) of every object. Checks that all ways of listing agree."""
    landing = landing_of(zone)
    found = landing.objects(COMMERCE)
    inside, outside = landing.objects(COMMERCE, [HOUR]), landing.objects_outside(COMMERCE, WINDOW)
    assert sorted([*inside, *outside]) == found, "the two listings together are all objects"
    return {landed.path.removeprefix("commerce/"): landed.refused for landed in found}


@pytest.mark.parametrize("name", ["caf\u00e9.json".encode(), b"a\nb", rb"\xff", b"%2F \\ $x 'q'"])
def test_a_file_with_any_utf_8_name_is_found_and_opened(zone: Path, name: bytes) -> None:
    """Control characters, and texts that look like escapes, are escaped so that the name can be read back."""
    Path(os.fsdecode(bytes(zone) + b"/" + name)).write_bytes(b"odd")
    landing = landing_of(zone)
    (odd,) = (landed for landed in landing.objects(COMMERCE, [HOUR]) if not landed.path.endswith("/good"))
    assert odd.path.encode().decode().isprintable()
    with landing.open(odd) as source:
        assert source.read() == b"odd"


@pytest.mark.parametrize(
    ("name", "shown"), [(b"caf\xe9.json", r"caf\xe9.json"), (b"\xff", r"\xff"), (b"\xed\xa0\x80", r"\xed\xa0\x80")]
)
def test_a_name_that_is_not_utf_8_is_refused(zone: Path, name: bytes, shown: str) -> None:
    """Producers on other systems may use other encodings. The other files are loaded."""
    Path(os.fsdecode(bytes(zone) + b"/" + name)).write_bytes(b"odd")
    why = "its name is not UTF-8: rename it"
    assert listed(zone) == {GOOD: None, f"2024/05/01/10/{shown}": why}


def test_a_folder_whose_name_is_not_utf_8_is_refused(zone: Path) -> None:
    """The paths of its files would not be UTF-8 either."""
    folder = bytes(zone) + b"/\xff\\xff"
    os.mkdir(folder)
    Path(os.fsdecode(folder + b"/a")).write_bytes(b"x")
    assert listed(zone) == {GOOD: None, r"2024/05/01/10/\xff\x5cxff/": "its name is not UTF-8: rename it"}


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "a named pipe, not a file"),
    "socket": (bind, "a socket, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
    "dangling": (lambda path: path.symlink_to("nowhere"), "a link to nothing"),
    "circle": (lambda path: path.symlink_to(path), "a link that leads in a circle"),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_entry_that_is_not_a_file_is_refused_until_it_is_one(zone: Path, kind: str) -> None:
    """Reading a pipe would wait for ever, and a dangling link would be missed silently."""
    make, why = ODD[kind]
    make(zone / "odd")
    found = listed(zone)
    assert found.keys() == {GOOD, "2024/05/01/10/odd"}
    assert why in str(found["2024/05/01/10/odd"])
    before, same = (landing_of(zone).objects(COMMERCE, [HOUR]) for _ in range(2))
    assert before == same, "the same entry has the same version, so it is requested once"
    (zone / "odd").unlink()
    (zone / "odd").write_bytes(b"x")
    assert listed(zone) == {GOOD: None, "2024/05/01/10/odd": None}
    assert landing_of(zone).objects(COMMERCE, [HOUR])[1].version != before[1].version


def test_opening_a_pipe_that_replaced_a_file_does_not_wait(zone: Path) -> None:
    """It may be replaced between listing and reading."""
    landing = landing_of(zone)
    (landed,) = landing.objects(COMMERCE)
    (zone / "good").unlink()
    os.mkfifo(zone / "good")
    with pytest.raises(FileNotFoundError, match="has changed since it was listed"):
        landing.open(landed)


def test_a_file_without_read_permission_is_refused_until_it_has_it(zone: Path) -> None:
    """`chmod` changes neither size nor time, and still the version must change."""
    (zone / "secret").write_bytes(b"x")
    (zone / "secret").chmod(0)
    with unprivileged():
        assert listed(zone) == {GOOD: None, "2024/05/01/10/secret": "no access: Permission denied"}
        _, refused = landing_of(zone).objects(COMMERCE)
    (zone / "secret").chmod(0o644)
    with unprivileged():
        _, readable = landing_of(zone).objects(COMMERCE)
    assert (readable.refused, readable.version == refused.version) == (None, False)


@pytest.mark.parametrize(
    ("folder", "path"), [("2024/05/01/10/sub", "2024/05/01/10/sub/"), ("2024/05/01/10", None), ("2023", "2023/")]
)
def test_a_folder_that_cannot_be_listed_is_named(zone: Path, folder: str, path: str | None) -> None:
    """Its content is unknown, which people must see. Objects elsewhere are loaded."""
    locked = zone.parents[3] / folder
    locked.mkdir(parents=True, exist_ok=True)
    locked.chmod(0)
    with unprivileged():
        found = listed(zone)
    locked.chmod(0o755)
    good = {GOOD: None} if path else {}
    assert found == {**good, path or f"{folder}/": "a folder that cannot be listed: Permission denied"}


def test_files_that_can_be_listed_but_not_inspected_are_refused(zone: Path) -> None:
    """A folder without execute permission gives only the names of its files."""
    zone.chmod(0o744)
    with unprivileged():
        assert listed(zone) == {GOOD: "no access: Permission denied"}


def test_a_disk_error_makes_one_object_unreadable(zone: Path) -> None:
    """Reading the start of a process's memory gives the error of a broken disk: EIO."""
    (zone / "broken").symlink_to("/proc/self/mem")
    landing = landing_of(zone)
    broken, _ = landing.objects(COMMERCE, [HOUR])
    with landing.open(broken) as source, pytest.raises(Unreadable, match="not readable: Input/output error"):
        source.read(1)


def test_an_error_of_the_machine_ends_the_run(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a lack of file handles made objects unreadable, the whole hour would be refused."""
    (landed,) = landing_of(zone).objects(COMMERCE)

    def exhausted(*_: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        landing_of(zone).open(landed)


def test_links_are_followed_out_of_the_zone_and_never_in_a_loop(zone: Path, tmp_path: Path) -> None:
    """A link may bring in a folder from elsewhere. Files of the zone are listed under their own path only."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "a").write_bytes(b"x")
    (elsewhere / "again").symlink_to(elsewhere)
    (zone / "mounted").symlink_to(elsewhere)
    (zone / "file").symlink_to(elsewhere / "a")
    (zone / "loop").symlink_to(zone)
    (zone / "up").symlink_to(zone.parent)
    (zone / "out").symlink_to(zone.parents[4])
    (zone.parent / "11").symlink_to(zone)
    found = {path: str(why).split(",")[0] for path, why in listed(zone).items()}
    into = "a link into or around the stream's own folder"
    assert found == {
        GOOD: "None",
        "2024/05/01/10/mounted/a": "None",
        "2024/05/01/10/file": "None",
        "2024/05/01/10/mounted/again/": "a link behind a link",
        "2024/05/01/10/loop/": into,
        "2024/05/01/10/up/": into,
        "2024/05/01/10/out/": into,
        "2024/05/01/11/": into,
    }


def test_folders_that_link_to_each_other_are_listed_once(zone: Path, tmp_path: Path) -> None:
    """Following every path through such links would take for ever."""
    folders = [tmp_path / name for name in "abcdefgh"]
    for folder in folders:
        folder.mkdir()
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    (zone / "in").symlink_to(folders[0])
    assert len(listed(zone)) == 1 + len(folders)


def test_folders_are_walked_to_the_maximal_length_of_a_path(zone: Path) -> None:
    """A path has at most 4,096 bytes. The walk itself has no limit of depth."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(zone)
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    finally:
        os.fchdir(before)
        os.close(before)
    found = listed(zone)
    assert found.pop(GOOD) is None
    ((path, why),) = found.items()
    assert (path.endswith("d"), why) == (True, "no access: File name too long")
