"""How well the subject is found on composed scenes whose answer is known: `python -m benchmarks.suitability`.

The scenes are none of those on which the detector's constants were chosen.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from shared.domain.imaging.subject import Subject, detect_subject
from tests.unit.imaging.scenes import Scene, compose, overlap

SEEDS = range(5000, 5300)
PAIR_SEEDS = range(6000, 6100)
CENTER = (0.25, 0.25, 0.75, 0.75)
GOOD_OVERLAP = 0.5


def main() -> None:
    """Print the overlaps by background and by size, and how often subjects are counted rightly."""
    scenes = [compose(seed) for seed in SEEDS]
    found = [detect_subject(scene.pixels) for scene in scenes]
    overlaps = [overlap(subject.box, scene.boxes[0]) for subject, scene in zip(found, scenes, strict=True)]
    print(f"{len(scenes)} scenes with one subject of 5 to 50 % of the frame; intersection over union of the boxes")
    print(
        f"  median {np.median(overlaps):.2f}   mean {np.mean(overlaps):.2f}"
        f"   quarter below {np.quantile(overlaps, 0.25):.2f}"
    )
    print(f"  at least {GOOD_OVERLAP}: {np.mean(np.array(overlaps) >= GOOD_OVERLAP):.0%}")
    print(f"  a box always in the middle: median {np.median([overlap(CENTER, s.boxes[0]) for s in scenes]):.2f}")
    _print_groups("background", [scene.background for scene in scenes], overlaps)
    _print_groups("subject of", [_size(scene) for scene in scenes], overlaps)
    _print_ranking(found, overlaps)
    pairs = [detect_subject(compose(seed, subjects=2).pixels).count for seed in PAIR_SEEDS]
    print(f"one subject counted as one: {np.mean([subject.count == 1 for subject in found]):.0%} of {len(found)}")
    print(f"two subjects counted as more than one: {np.mean(np.array(pairs) > 1):.0%} of {len(pairs)}")


def _size(scene: Scene) -> str:
    left, top, right, bottom = scene.boxes[0]
    share = (right - left) * (bottom - top)
    return next(name for name, limit in (("< 15 %", 0.15), ("15-30 %", 0.3), (">= 30 %", 1)) if share < limit)


def _print_groups(title: str, names: list[str], overlaps: list[float]) -> None:
    groups = defaultdict(list)
    for name, value in zip(names, overlaps, strict=True):
        groups[name].append(value)
    for name, values in sorted(groups.items()):
        print(f"  {title} {name:24} median {np.median(values):.2f} of {len(values)}")


def _print_ranking(found: list[Subject], overlaps: list[float]) -> None:
    """Whether a low confidence goes with a wrong box."""
    order = np.argsort([subject.confidence for subject in found])
    half = len(order) // 2
    low, high = (np.median(np.array(overlaps)[part]) for part in (order[:half], order[half:]))
    print(f"  less confident half: median {low:.2f}; more confident half: median {high:.2f}")


if __name__ == "__main__":
    main()
