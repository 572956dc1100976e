"""The soak in its short form, on a stack of its own: killed workers, doubled messages, a restart, two cancels."""

import sys

import pytest

from tools.soak.chaos import clients_of
from tools.soak.run import PARAMETERS, SHORT, soak
from tools.stack import throwaway_stack


@pytest.mark.timeout(1800)
def test_nothing_is_lost_counted_twice_or_left_open(capsys: pytest.CaptureFixture[str]) -> None:
    with throwaway_stack(PARAMETERS, persistent=True) as stack, clients_of(stack):
        result = soak(SHORT, stack)

    with capsys.disabled():
        sys.stdout.write(f"\n{result.text}\n")
    assert result.faults == []
    assert result.accepted > 0
    assert result.scored > 0
