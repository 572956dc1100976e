"""Composed scenes whose subjects' boxes are known: shapes, flat or cut out of a photo, on textures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.unit.imaging.photos import photo

WIDTH, HEIGHT = 512, 384
BACKGROUNDS = ("brick.png", "grass.png", "gravel.png", "coffee.png", "rocket.jpg", "gradient", "noise")
OUT_OF_FOCUS = ("coffee.png", "rocket.jpg")
SUBJECTS = ("flat", "flat", "chelsea.png", "astronaut.png", "motorcycle_left.png", "coins.png")
GAP = 30

Pixels = tuple[int, int, int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """boxes: left, top, right, bottom of each subject as shares of the frame."""

    background: str
    pixels: np.ndarray
    boxes: tuple[Box, ...]


def compose(seed: int, subjects: int = 1) -> Scene:
    """A scene of 512x384; its subjects' boxes together cover 5 to 50 % of the frame and keep clear of its edges."""
    random = np.random.default_rng(seed)
    background, image = _background(random)
    boxes: list[Pixels] = []
    while len(boxes) < subjects:
        share = random.uniform(0.05, 0.5) / subjects
        box = _place(random, share)
        if any(_are_near(box, other) for other in boxes):
            continue
        mask = Image.new("L", image.size)
        SHAPES[random.integers(len(SHAPES))](ImageDraw.Draw(mask), box)
        boxes.append(mask.getbbox() or box)
        image.paste(_material(random, box), (0, 0), mask.filter(ImageFilter.GaussianBlur(0.7)))
    shares = tuple((b[0] / WIDTH, b[1] / HEIGHT, b[2] / WIDTH, b[3] / HEIGHT) for b in boxes)
    return Scene(background, np.asarray(image), shares)


def overlap(first: Box, second: Box) -> float:
    """Intersection over union, 0-1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (_area(first) + _area(second) - shared)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _background(random: np.random.Generator) -> tuple[str, Image.Image]:
    name = BACKGROUNDS[random.integers(len(BACKGROUNDS))]
    if name == "gradient":
        top, bottom = random.integers(40, 216, (2, 3))
        down = np.linspace(0, 1, HEIGHT)[:, None, None]
        pixels = np.broadcast_to(top * (1 - down) + bottom * down, (HEIGHT, WIDTH, 3))
        return name, Image.fromarray(pixels.astype(np.uint8))
    if name == "noise":
        pixels = random.integers(60, 196, 3) + random.normal(0, 12, (HEIGHT, WIDTH, 3))
        return name, Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    image = photo(name).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    if name in OUT_OF_FOCUS:
        return f"{name}, out of focus", image.filter(ImageFilter.GaussianBlur(10))
    return name, Image.fromarray((np.asarray(image) * random.uniform(0.6, 1.0, 3)).astype(np.uint8))


def _place(random: np.random.Generator, share: float) -> Pixels:
    width = min((share * WIDTH * HEIGHT * random.uniform(0.75, 1.33)) ** 0.5, WIDTH * 0.9)
    height = min(share * WIDTH * HEIGHT / width, HEIGHT * 0.9)
    left = random.uniform(0.03 * WIDTH, 0.97 * WIDTH - width)
    top = random.uniform(0.03 * HEIGHT, 0.97 * HEIGHT - height)
    return int(left), int(top), int(left + width), int(top + height)


def _are_near(first: Pixels, second: Pixels) -> bool:
    return all(first[i] < second[i + 2] + GAP and second[i] < first[i + 2] + GAP for i in (0, 1))


def _material(random: np.random.Generator, box: Pixels) -> Image.Image:
    name = SUBJECTS[random.integers(len(SUBJECTS))]
    if name == "flat":
        return Image.new("RGB", (WIDTH, HEIGHT), tuple(random.integers(0, 256, 3).tolist()))
    whole = Image.new("RGB", (WIDTH, HEIGHT))
    whole.paste(photo(name).resize((box[2] - box[0] + 1, box[3] - box[1] + 1), Image.Resampling.LANCZOS), box[:2])
    return whole


def _star(draw: ImageDraw.ImageDraw, box: Pixels) -> None:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2 == 0, 1, 0.5)
    x = (box[0] + box[2]) / 2 + (box[2] - box[0]) / 2 * radii * np.cos(angles)
    y = (box[1] + box[3]) / 2 + (box[3] - box[1]) / 2 * radii * np.sin(angles)
    draw.polygon(list(zip(x.tolist(), y.tolist(), strict=True)), fill=255)


SHAPES = (
    lambda draw, box: draw.ellipse(box, fill=255),
    lambda draw, box: draw.rectangle(box, fill=255),
    _star,
)
