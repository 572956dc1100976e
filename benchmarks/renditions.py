"""Nine renditions of a 12 MP JPEG against their budgets: `python -m benchmarks.renditions`.

The budgets are ratios within one run, so they hold on any machine: 2.0 x (one decode + the nine encodes) of time,
0.45 x the CPU that sharp's clone() takes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from shared.domain.imaging.libvips import load_for, resize, save, to_srgb
from shared.domain.imaging.renditions import make_renditions
from shared.domain.presets import BUILT_IN, fit

SIZE = (4000, 3000)
ROUNDS = 9
TIME_BUDGET = 2.0
CPU_BUDGET = 0.45
HERE = Path(__file__).parent


def main() -> None:
    photo = draw_photo()
    print(f"{SIZE[0]} x {SIZE[1]} JPEG of {len(photo) / 1e6:.1f} MB, {len(BUILT_IN)} renditions, best of {ROUNDS}")

    pixels = [(to_srgb(resize(load_for(photo, *size), *size)), preset) for preset, size in sizes()]
    cascade, cascade_cpu = measure(lambda: list(make_renditions(photo, BUILT_IN)))
    decode, _ = measure(lambda: load_for(photo, *SIZE).copy_memory())
    encodes, _ = measure(lambda: [save(image, preset.format, preset.quality) for image, preset in pixels])

    print(f"cascade                        {cascade:7.1f} ms   (CPU {cascade_cpu:.1f} ms)")
    print(f"one decode + the nine encodes  {decode + encodes:7.1f} ms   ({decode:.1f} + {encodes:.1f})")
    print(verdict("time", cascade / (decode + encodes), TIME_BUDGET))

    sharp_cpu = measure_sharp(photo)
    if sharp_cpu is None:
        print("sharp is not here; to compare with it: npm install --prefix benchmarks --no-package-lock")
        return
    print(f"sharp clone(), CPU             {sharp_cpu:7.1f} ms")
    print(verdict("CPU", cascade_cpu / sharp_cpu, CPU_BUDGET))


def draw_photo() -> bytes:
    """A photograph grown to 12 MP, with a camera's grain so that it is as heavy as a real one."""
    with Image.open(Path(skimage.__file__).parent / "data" / "coffee.png") as small:
        grown = np.asarray(small.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS), dtype=np.float32)
    grain = np.random.default_rng(0).normal(0, 6, (*grown.shape[:2], 1)).astype(np.float32)
    file = BytesIO()
    Image.fromarray((grown + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def sizes() -> list[tuple]:
    return [(preset, fit(*SIZE, preset.box)) for preset in BUILT_IN]


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """The best wall and CPU milliseconds of a few rounds, after one to warm up."""
    work()
    walls, cpus = [], []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return min(walls), min(cpus)


def measure_sharp(photo: bytes) -> float | None:
    """CPU milliseconds of sharp's clone(), or None when node or sharp is not installed."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "sharp").is_dir():
        return None
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(photo)
        file.flush()
        boxes = json.dumps([preset.box for preset in BUILT_IN])
        command = [node, str(HERE / "sharp.mjs"), file.name, boxes, str(ROUNDS)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def verdict(name: str, ratio: float, budget: float) -> str:
    return f"{name} ratio {ratio:.2f}, budget {budget}: {'within' if ratio <= budget else 'OVER'}"


if __name__ == "__main__":
    main()
