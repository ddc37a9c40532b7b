"""Run a program that writes the data folder, and refuse if another one is using it.

python -m scripts.alone demo
"""

from __future__ import annotations

import runpy
import sys

from scripts import data_folder
from scripts.terminal import Failed, interrupted, say


def main() -> int:
    """Run the module that the command line names, as if it was run directly."""
    name = sys.argv[1]
    sys.argv = sys.argv[1:]
    try:
        with data_folder.in_use(data_folder.path(), name):
            runpy.run_module(name, run_name="__main__", alter_sys=True)
    except Failed as failed:
        say(str(failed))
        return 1
    except KeyboardInterrupt:
        interrupted("Stopped. Nothing is lost: run it again, and it goes on.")
    except SystemExit as ended:
        if ended.code == 130:
            interrupted("")
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
