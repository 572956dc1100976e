"""The end of a storm over very many images, beside one pass over them: `python -m benchmarks.end_state`.

Workers in threads score and delete images on the emulator's tables and buckets, in any order, each message perhaps
twice, some of them cut off after any write. Fails when anything then differs from a computation by brute force.
"""

from __future__ import annotations

import tests.conftest  # noqa: F401 - first: it keeps every client away from a real account

# isort: split
import argparse
import sys
import time
from collections import Counter

from tests.likeness import Project
from tests.storm import Storm, emulated, mutated

SAID_EVERY = 1_000


def main(argv: list[str] | None = None) -> int:
    """Print how far it is, what happened, and whether the end is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    began = time.monotonic()

    def say(delivered: int, waiting: int) -> None:
        if delivered % SAID_EVERY == 0:
            print(f"{time.monotonic() - began:7.0f} s {delivered:8,} delivered {waiting:8,} waiting", flush=True)

    with emulated() as world:
        project = Project(world, mutated(asked.seed, asked.images), tail=256, per_second=2)
        storm = Storm(project, asked.seed, say)
        storm.rage()
        print(f"{time.monotonic() - began:7.0f} s done: {told(storm.happened)}", flush=True)
        compared = project.assert_is_as_one_pass_would_leave_it()
    print(f"{time.monotonic() - began:7.0f} s all as one pass by brute force leaves them: {told(compared)}")
    return 0


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main())
