"""Delete the platform's data on this machine, after a question.

    python3 -m scripts.clean [yes]

Only what the platform itself writes is deleted, and only in a folder that set-up has made.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from scripts import data_folder
from scripts.terminal import Failed, interrupted, say


def main() -> int:
    """Ask, then delete. Without a terminal nobody can answer, so the word `yes` has to be given."""
    folder = data_folder.path()
    try:
        found = deletable(folder)
        if not found:
            say(f"{folder} holds no data of the platform")
        elif confirmed(folder, found):
            delete(folder, found)
            say(f"deleted. {folder} is {'empty' if folder.exists() else 'gone'}.")
        else:
            say("nothing was deleted")
    except Failed as failed:
        say(str(failed))
        return 1
    except KeyboardInterrupt:
        interrupted("\nStopped. What is not deleted yet is deleted by the next `make clean`.")
    return 0


def deletable(folder: Path) -> list[Path]:
    """What the platform has written into its folder. Raises `Failed` if the folder is not ours, or is in use."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return []
    if not data_folder.is_ours(folder):
        raise Failed(f"{folder} was not made by `make setup`, so nothing in it is deleted. Is DATA_DIR right?")
    data_folder.check_unused(folder)
    return [path for name in data_folder.CONTENTS if (path := folder / name).exists() or path.is_symlink()]


def confirmed(folder: Path, found: list[Path]) -> bool:
    """Whether the user wants to delete what was found. Raises `Failed` if there is nobody to ask."""
    if sys.argv[1:] == ["yes"]:
        return True
    if not sys.stdin.isatty():
        raise Failed(f"{folder} is only deleted after a question, and nobody can answer it: make clean CONFIRM=yes")
    say(f"{folder} holds {', '.join(path.name for path in found)}.")
    say("They cannot be brought back. Delete them? [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def delete(folder: Path, found: list[Path]) -> None:
    """Delete what was found, last of all what marks the folder as ours; the folder too, if nothing else is in it."""
    for path in sorted(found, key=lambda path: path.name == "dagster"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()  # of a link, only the link
    if not any(folder.iterdir()) and not folder.is_symlink():
        folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
