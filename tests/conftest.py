"""The environment of all tests: none of this machine's settings, and a data folder that is theirs alone."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

MADE = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Take away the settings of the platform that is in use here, before a test module is imported."""
    from resources.environment import named_settings

    os.environ.pop("DEPLOYMENT", None)
    for name in named_settings()[0]:
        del os.environ[name]
    os.environ.pop("DAGSTER_HOME", None)
    folder = tempfile.mkdtemp(prefix="event-tests-")
    config.stash[MADE] = folder
    os.environ["DATA_DIR"] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the data folder."""
    shutil.rmtree(config.stash[MADE])
