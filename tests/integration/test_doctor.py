"""The doctor on the AWS deployments' stand-ins: all well, then with services that do not answer; no secret is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import clouds
import pytest
from driving import ROOT

from resources import dbt

pytestmark = [pytest.mark.integration, pytest.mark.verify]


@pytest.mark.parametrize("deployment", clouds.NAMES)
def test_the_doctor_looks_at_every_service(deployment: str, tmp_path: Path) -> None:
    """The catalog is Glue, the landing zone is S3, and the clock is compared with that of S3."""
    if lacking := clouds.lacking(deployment):
        pytest.skip(lacking)
    dbt.manifest_path()
    with clouds.cloud(deployment) as (_, settings):
        status, printed = examined(settings, tmp_path, 60)
        assert status == 0, printed
        assert "ok     catalog    0 tables" in printed
        assert "ok     warehouse  no stream is loaded yet" in printed
        assert "apart from S3" in printed
    status, printed = examined(settings, tmp_path, 10)  # the services have ended
    assert status == 1, printed
    for name in ("catalog", "warehouse", "landing", "clock"):
        assert f"wrong  {name}" in printed, printed


def examined(settings: Mapping[str, str], folder: Path, limit_s: int) -> tuple[int, str]:
    """The status and the output of the doctor as a program, in which no secret may be found."""
    own = {"DATA_DIR": str(folder), "DAGSTER_HOME": str(folder), "PYTHONPATH": "platform", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "resources.doctor", str(limit_s)],
        cwd=ROOT,
        env={**own, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert not [name for name, secret in clouds.betraying(settings).items() if secret in done.stdout]
    return done.returncode, done.stdout
