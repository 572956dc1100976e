"""Which of the bytes that were uploaded for a task it still wants: a grant can be posted twice."""

from __future__ import annotations

from shared.domain.stage import Stage
from shared.domain.task import ENDED_STAGE, Outcome, Task

DISOWNED = frozenset({Outcome.REFUSED, Outcome.EXISTS, Outcome.EXPIRED})
"""The outcomes of a task whose original nobody needs: it is deleted. That of a skipped one lies in a grave."""


def is_wanted(task: Task, version_id: str, *, may_begin: bool) -> bool:
    """Whether this version is, or may become, what the task is about; final once it says no."""
    if task.stages[Stage.VALIDATION] in ENDED_STAGE:
        return task.version_id in (None, version_id) and task.outcome not in DISOWNED
    if task.version_id is not None:
        return task.version_id == version_id  # else a second upload with the same grant
    return may_begin
