"""What the Makefile runs around the platform: set it up, start it, stop it, delete its data.

Belongs here: programs for a checkout. All but `dev` run before any package is installed, so they import only the
standard library. Not here: anything that a deployment needs (`platform`).
"""

import sys

if sys.version_info < (3, 11):  # any Python can read this file, but not the others
    sys.exit(
        "This needs Python 3.11 or newer, and %s is Python %d.%d.\n"
        "Name another one: make setup PYTHON=python3.12" % (sys.executable, sys.version_info[0], sys.version_info[1])
    )
