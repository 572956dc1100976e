"""What subscribers are told, shaped and cut into messages. Each message says which changes it covers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.job import ENDED_JOB, Job, JobStatus
from shared.domain.task import Task

MAX_MESSAGE_BYTES = 32_000
"""API Gateway meters and frames messages by 32 KB."""
OTHER_TASK_EVENT = "task:progress"

Fields = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """How far a subscriber was told of a job."""

    seq: int
    epoch: int
    status: JobStatus


@dataclass(frozen=True)
class Piece:
    """A part of a message, and the change of the job that it is the whole news of, together with its like."""

    seq: int
    content: Fields


def told_of(job: Job) -> Told:
    return Told(job.seq, job.epoch, job.status)


def task_events(task: Task, after: int) -> list[tuple[int, str]]:
    """(seq, event) of all that happened to a task after a change of its job, in order."""
    named = sorted((seq, event.value) for event, seq in task.event_seqs.items() if seq > after)
    return named if named and named[-1][0] == task.event_seq else [*named, (task.event_seq, OTHER_TASK_EVENT)]


def job_events(told: Told, job: Job) -> list[str]:
    """What happened to a job since a subscriber was last told of it."""
    is_reopened = job.epoch > told.epoch
    has_ended = job.status in ENDED_JOB and (is_reopened or job.status is not told.status)
    return [
        *(["job:reopened"] if is_reopened else []),
        "job:progress",
        *([f"job:{job.status.value}"] if has_ended else []),
    ]


def snapshot(
    job: Job, job_view: Fields, tasks: Sequence[tuple[Task, Fields]], after: int, read_on_from: int | None
) -> list[str]:
    """The messages that bring a subscriber from `after` to the job as it is.

    `tasks` with their views, by their `event_seq`. With `read_on_from` they are not all: up to there they are.
    """
    frame: Fields = {"type": "snapshot", "job_id": job.job_id, "job": job_view, "read_on_from": read_on_from}
    pieces = [Piece(task.event_seq, view) for task, view in tasks]
    until = job.seq if read_on_from is None else max(after, min(read_on_from, job.seq))
    parts = list(_parts(pieces, frame | {"tasks": []}, after, until))
    return [
        _text(frame | {"after": start, "seq": end, "has_more": n < len(parts), "tasks": contents})
        for n, (start, end, contents) in enumerate(parts, 1)
    ]


def events(job: Job, job_view: Fields, tasks: Sequence[tuple[Task, Fields]], told: Told) -> list[str]:
    """The messages that bring a subscriber from what was told to the job as it is. `tasks` as in `snapshot`."""
    frame: Fields = {"type": "events", "job_id": job.job_id}
    pieces = [
        Piece(task.event_seq, {"event": event, "seq": seq, "task": view})
        for task, view in tasks
        for seq, event in task_events(task, told.seq)
    ]
    pieces += [Piece(job.seq, {"event": event, "seq": job.seq, "job": job_view}) for event in job_events(told, job)]
    parts = _parts(pieces, frame | {"events": []}, told.seq, job.seq)
    return [_text(frame | {"after": start, "seq": end, "events": contents}) for start, end, contents in parts]


def _parts(pieces: Sequence[Piece], frame: Fields, after: int, until: int) -> Iterator[tuple[int, int, list[Fields]]]:
    """(after, seq, contents) of each message: as many pieces as fit; a change is covered once all its pieces are."""
    room = MAX_MESSAGE_BYTES - _size(frame | {"after": until, "seq": until, "has_more": False})
    contents: list[Fields] = []
    used = 0
    for piece in pieces:
        size = _size(piece.content) + 2
        if contents and used + size > room:
            covered = max(after, min(piece.seq - 1, until))
            yield after, covered, contents
            after, contents, used = covered, [], 0
        contents.append(piece.content)
        used += size
    yield after, max(after, until), contents


def _size(content: Fields) -> int:
    return len(_text(content).encode())


def _text(content: Fields) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
