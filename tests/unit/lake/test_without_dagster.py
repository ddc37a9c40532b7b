"""The lake can be used without Dagster: by another orchestrator, or by the workers of another engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PLATFORM = Path(__file__).resolve().parents[3] / "platform"


def test_no_module_of_the_lake_loads_dagster() -> None:
    """Neither directly nor through its imports. A fresh process shows what was loaded."""
    names = [f"lake.{path.stem}" for path in sorted((PLATFORM / "lake").glob("[a-z]*.py"))]
    code = f"import sys, {', '.join(names)}; print([name for name in sys.modules if name.split('.')[0] == 'dagster'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PLATFORM, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
