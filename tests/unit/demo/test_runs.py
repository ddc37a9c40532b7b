"""What is said of a run that did not succeed."""

import dagster as dg
import pytest

from demo.runs import RunFailed, raise_reason


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "step: OSError: [Errno 28] No space left on device"),
        (dg.Failure("checks failed for 2026-01-01-00:00\nand more"), "step: checks failed for 2026-01-01-00:00"),
    ],
)
def test_the_reason_is_one_line(error: Exception, told: str) -> None:
    """The cause that our code gave, without Dagster's words around it and without a stack."""

    @dg.op
    def step() -> None:
        raise error

    @dg.job
    def failing() -> None:
        step()

    with pytest.raises(RunFailed) as raised:
        raise_reason(failing.execute_in_process(raise_on_error=False))
    assert str(raised.value) == told
