"""A storm over a project's hashes: many workers at once, any order, copies, deaths and deletes; real interleavings."""

from __future__ import annotations

import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import count
from pathlib import Path

from shared.errors import Transient
from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.queues import sqs
from shared.usecases.find_nearest import Likeness
from tests import cloud
from tests.crashes import Cut, Fuse, each_on_its_own_fuse
from tests.likeness import Hash, Project
from tests.world import START, World
from tools.emulator import start_emulator, stop_emulator
from tools.stack import aws_of

WORKERS = 6
GONE = 0.12
"""The share of images that are deleted; every third of them is uploaded again."""
COPIED = 0.15
DYING = 0.08
"""Of all deliveries: those that die after some of their side effects, and come again."""

LOOK = timedelta(milliseconds=50)
"""A compaction that died keeps its lock for 2,400 looks at the clock."""

FATAL = ("score", "forget")
"""What a worker may die of; an upload and a delete are one transaction each."""

Message = tuple[str, Callable[[Likeness], None]]
"""What it is, and what a worker does with it."""


def mutated(seed: int, size: int) -> dict[int, Hash]:
    """Random hashes, exact copies, groups of up to 16 bits apart, flat images."""
    chance = random.Random(seed)
    hashes: dict[int, Hash] = {}
    for n in range(size):
        near = hashes[chance.randrange(n)] if n and chance.random() < 0.6 else None
        base = chance.getrandbits(64) if near is None else near
        flipped = [] if near is None else chance.sample(range(64), chance.choice((0, 0, *range(17))))
        hashes[n] = None if chance.random() < 0.04 else base ^ sum(1 << bit for bit in flipped)
    return hashes


@contextmanager
def emulated() -> Iterator[World]:
    """A whole Darkroom on an emulator of its own, which takes the calls of many threads, one after the other."""
    clients = (dynamodb, s3, sqs, cloud.client, cloud.table)
    with tempfile.TemporaryDirectory() as folder:
        emulator = start_emulator(Path(folder), persistent=False)
        try:
            with aws_of(emulator.endpoint_url):
                for made in clients:
                    made.cache_clear()
                yield QuickWorld(cloud.make())
        finally:
            for made in clients:
                made.cache_clear()
            stop_emulator(emulator)


class QuickWorld(World):
    """Its clock goes by looks, of as many threads as like."""

    def clock(self) -> datetime:
        return START + LOOK * next(self._looks)

    @cached_property
    def _looks(self) -> Iterator[int]:
        return count(1)


@dataclass
class Storm:
    """Every image is uploaded, scored and perhaps deleted, in an order that nobody has chosen."""

    project: Project
    seed: int
    say: Callable[[int, int], None] = lambda delivered, waiting: None
    happened: Counter[str] = field(default_factory=Counter)
    _waiting: list[Message] = field(default_factory=list)
    _at_work: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._change = threading.Condition()

    def rage(self) -> None:
        """Until nothing is left to deliver."""
        self._send(*(("upload", partial(self._upload, n)) for n in self.project.hashes))
        with each_on_its_own_fuse() as fuse, ThreadPoolExecutor(WORKERS) as threads:
            for worker in [threads.submit(self._work, fuse) for _ in range(WORKERS)]:
                worker.result()

    def _upload(self, n: int, _: Likeness) -> None:
        self.project.create(n)
        score = partial(self.project.score_as, self.project.live[n], self.project.hashes[n])
        self._send(*self._copies(("score", score)))
        if self._chance.random() < GONE:
            self._send(("delete", partial(self._delete, n)))

    def _delete(self, n: int, _: Likeness) -> None:
        gone = self.project.delete_alone(n)
        assert gone is not None
        self._send(*self._copies(("forget", partial(self.project.forget, gone))))
        if n % 3 == 0:
            self._send(("upload", partial(self._upload, n)))

    def _copies(self, message: Message) -> list[Message]:
        return [message] * (1 + (self._chance.random() < COPIED))

    def _work(self, fuse: Fuse) -> None:
        on = self.project.worker()
        while message := self._next():
            kind, act = message
            fuse.left = self._chance.randint(1, 4) if kind in FATAL and self._chance.random() < DYING else 0
            try:
                act(on)
            except (Cut, Transient) as end:
                self.happened[type(end).__name__] += 1
                self._send(message)
                on = self.project.worker()
            finally:
                fuse.left = 0
                self._note(kind)

    def _send(self, *messages: Message) -> None:
        with self._change:
            self._waiting += messages
            self._change.notify_all()

    def _next(self) -> Message | None:
        """Any of those that wait; None once there will be no more."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or not self._at_work)
            if not self._waiting:
                return None
            self._at_work += 1
            return self._waiting.pop(self._chance.randrange(len(self._waiting)))

    def _note(self, kind: str) -> None:
        with self._change:
            self._at_work -= 1
            self.happened[kind] += 1
            self._change.notify_all()
            self.say(sum(self.happened.values()), len(self._waiting))
