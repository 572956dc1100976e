"""Scoring at the working size against the same computations in OpenCV: `python -m benchmarks.scoring`.

OpenCV and SciPy are in no requirements file. In an environment of their own:
`python -m venv /tmp/cv && /tmp/cv/bin/pip install -r requirements/dev.txt opencv-python-headless scipy`, then
`/tmp/cv/bin/python -m benchmarks.scoring`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from statistics import median
from time import process_time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.domain.imaging.pixels import WORKING_EDGE
from shared.domain.imaging.quality import score
from shared.domain.imaging.subject import detect_subject
from tools.demo_photos import PHOTOS

try:
    import cv2
    import scipy
except ImportError as error:
    sys.exit(f"{error}. {__doc__}")

BUDGET = 1.5
ROUNDS = 25
CALLS = 8
NAMES = ("astronaut.png", "coffee.png", "rocket.jpg", "hubble_deep_field.jpg", "motorcycle_left.png", "chelsea.png")
Pixels = NDArray[np.uint8]


def with_opencv(pixels: Pixels, *, width: int, height: int) -> tuple[object, ...]:
    """The measures and the verdicts of `score`, as one who knows OpenCV would compute them."""
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(luma, cv2.CV_16S))
    variance = float(deviation[0, 0]) ** 2
    mean, spread = (float(value[0, 0]) for value in cv2.meanStdDev(luma))
    channels = cv2.mean(pixels)[:3]
    small = cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8]
    bits = np.packbits(low > np.median(low)).tobytes().hex()
    sharpness, brightness, contrast = variance / (variance + 300), mean / 255, spread / 127.5
    overall = (
        0.35 * sharpness + 0.2 * min(1, brightness / 0.3, (1 - brightness) / 0.3) + 0.2 * min(1, contrast / 0.5)
    ) / 0.75
    issues = [
        name
        for name, is_raised in (
            ("blur", variance < 100),
            ("low_brightness", brightness < 0.2),
            ("high_brightness", brightness > 0.8),
            ("low_contrast", contrast < 0.15),
            ("low_resolution", min(width, height) < 400),
            ("odd_aspect_ratio", max(width, height) / min(width, height) > 3),
            ("uniform", spread < 2),
        )
        if is_raised
    ]
    box, count = _subject_with_opencv(pixels)
    share = box[2] * box[3]
    points = (
        25 * max(0, min(1, share / 0.15, (1 - share) / 0.2)),
        20 * min(1, width * height / 120_000),
        15 * min(1, mean / 40, (255 - mean) / 35),
        20 / max(count, 1),
    )
    return sharpness, brightness, contrast, channels, bits, overall, issues, box, sum(points)


def _subject_with_opencv(pixels: Pixels) -> tuple[tuple[float, float, float, float], int]:
    """Spectral residual on the same three planes, margins, threshold and labelling as ours."""
    scale = 64 / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    cells = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    red, green, blue = cv2.split(cells)
    saliency = np.zeros((size[1], size[0]), np.float32)
    for plane in (cv2.cvtColor(cells, cv2.COLOR_RGB2GRAY), red - green, blue - (red + green) / 2):
        mean, deviation = cv2.meanStdDev(plane)
        below, right = (cv2.getOptimalDFTSize(edge + 16) - edge - 8 for edge in plane.shape)
        padded = cv2.copyMakeBorder(plane - mean[0, 0], 8, below, 8, right, cv2.BORDER_REFLECT_101)
        spectrum = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT)
        usual = cv2.blur(cv2.log(cv2.magnitude(spectrum[..., 0], spectrum[..., 1]) + 1e-3), (3, 3))
        residual = cv2.dft(spectrum * cv2.exp(-usual)[..., None], flags=cv2.DFT_INVERSE | cv2.DFT_REAL_OUTPUT)
        energy = residual[8 : 8 + size[1], 8 : 8 + size[0]] ** 2
        saliency += energy * (deviation[0, 0] / (energy.mean() + 1e-12))
    saliency = cv2.GaussianBlur(saliency, (3, 3), 0.7)
    salient = (saliency > 2.5 * saliency.mean()).astype(np.uint8)
    near = cv2.dilate(salient, np.ones((5, 5), np.uint8))
    found, labels, stats, _ = cv2.connectedComponentsWithStats(near)
    if found < 2:
        return (0.0, 0.0, 0.0, 0.0), 0
    masses = np.bincount(labels.ravel(), (saliency * salient).ravel())
    boxes = stats[1:, :4] + (2, 2, -4, -4)  # without what dilating added
    areas = boxes[:, 2] * boxes[:, 3]
    main = int(masses[1:].argmax())
    x, y, width, height = boxes[main].tolist()
    count = int((areas >= 0.2 * areas[main]).sum())
    return (x / size[0], y / size[1], width / size[0], height / size[1]), count


def main() -> None:
    """Print both sides, photo by photo, and the ratio against the budget."""
    cv2.setNumThreads(1)
    print(f"working size {WORKING_EDGE}; numpy {np.__version__}, opencv {cv2.__version__}, scipy {scipy.__version__}")
    print(f"one thread, processor time in ms, medians of {ROUNDS} alternating rounds of {CALLS} calls\n")
    print(f"{'':22} {'everything':^29}   {'the subject alone':^29}")
    print(f"{'':22} {'ours':>9} {'opencv':>9} {'ratio':>9}   {'ours':>9} {'opencv':>9} {'ratio':>9}")
    ratios = []
    for name in NAMES:
        pixels = _working(name)
        whole = _side_by_side(
            lambda p=pixels: score(p, width=4000, height=3000),
            lambda p=pixels: with_opencv(p, width=4000, height=3000),
        )
        subject = _side_by_side(lambda p=pixels: detect_subject(p), lambda p=pixels: _subject_with_opencv(p))
        ratios.append(whole[2])
        print(f"{name:22}", *(f"{value:9.3f}" for value in whole), " ", *(f"{value:9.3f}" for value in subject))
    verdict = "within" if median(ratios) <= BUDGET else "OVER"
    print(f"\nmedian ratio {median(ratios):.2f}, budget {BUDGET}: {verdict}; worst photo {max(ratios):.2f}")


def _working(name: str) -> Pixels:
    with Image.open(PHOTOS / name) as photo:
        scale = WORKING_EDGE / max(photo.size)
        size = (round(photo.width * scale), round(photo.height * scale))
        return np.asarray(photo.convert("RGB").resize(size, Image.Resampling.LANCZOS)).copy()


def _side_by_side(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float, float]:
    pairs = [(_ms(ours), _ms(theirs)) for _ in range(ROUNDS)]
    ratio = median(our / their for our, their in pairs)
    return median(our for our, _ in pairs), median(their for _, their in pairs), ratio


def _ms(call: Callable[[], object]) -> float:
    start = process_time()
    for _ in range(CALLS):
        call()
    return (process_time() - start) / CALLS * 1000


if __name__ == "__main__":
    main()
