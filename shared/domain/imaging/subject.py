"""Where the subject of a picture is, by what stands out from its spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# The paper's scale of the map; a subject is seen as a whole, its texture is not.
MAP_EDGE = 64
# The transform takes the picture as periodic: mirrored margins keep the frame's edges from standing out.
MARGIN = 8
# How many times the mean a salient cell is. The paper takes 3; 2.5 was measured as slightly better on composed scenes.
SALIENT = 2.5
# Outlines with gaps of up to 4 cells, a sixteenth of the frame, belong to one subject.
REACH = 2
# A thing whose box is at least this part of the main one's box is a subject as well; 9 are as bad as more.
RIVAL = 0.2
MAX_SUBJECTS = 9
# Less than a grey level of standard deviation is noise, not a picture.
MIN_DEVIATION = 1.0

Box = tuple[float, float, float, float]
Cells = NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """box: left, top, right, bottom as shares of width and height, 0-1.

    confidence: share of the whole saliency that lies inside the box, 0-1. count: things that stand out alike, 0-9.
    """

    box: Box
    confidence: float
    count: int

    @property
    def share(self) -> float:
        """The box's part of the frame, 0-1."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    @property
    def visible(self) -> float:
        """The part of the box's outline that does not lie on the frame, 0-1: what the frame cuts off is unseen.

        1 clear of the frame, 0.75 for a square that touches one side, 0 for no subject or one that fills the frame.
        """
        left, top, right, bottom = self.box
        width, height = right - left, bottom - top
        hidden = height * ((left <= 0) + (right >= 1)) + width * ((top <= 0) + (bottom >= 1))
        return 1 - hidden / (2 * (width + height)) if self.count else 0.0


NO_SUBJECT = Subject((0.0, 0.0, 0.0, 0.0), 0.0, 0)


def detect_subject(pixels: NDArray[np.uint8]) -> Subject:
    """The main subject of (height, width, 3) uint8 sRGB, by spectral residual saliency.

    Source: Hou and Zhang, "Saliency Detection: A Spectral Residual Approach", CVPR 2007, on luma and two colour
    differences. The box is that of the salient cells that hang together and weigh most.
    """
    return detect_in(Image.fromarray(pixels))


def detect_in(image: Image.Image) -> Subject:
    """`detect_subject` of an RGB image."""
    small = image.reduce(-(-max(image.size) // MAP_EDGE))
    cells = np.asarray(small, dtype=np.float32)
    saliency = _saliency(cells)
    total = float(saliency.sum())
    if total <= 0:
        return NO_SUBJECT
    salient = saliency > SALIENT * total / saliency.size
    things = _things(saliency, salient)
    if not things:
        return NO_SUBJECT
    main = max(things, key=lambda thing: float(saliency[thing].sum()))
    box, inside = _box(main)
    areas = [saliency[_box(thing)[1]].size for thing in things]
    count = sum(area >= RIVAL * saliency[inside].size for area in areas)
    return Subject(box, min(1.0, float(saliency[inside].sum()) / total), count)


def _saliency(cells: Cells) -> Cells:
    """How much each cell of (height, width, 3) stands out; all zeros for a flat picture."""
    red, green, blue = cells[..., 0], cells[..., 1], cells[..., 2]
    planes = np.stack([0.299 * red + 0.587 * green + 0.114 * blue, red - green, blue - (red + green) / 2])
    deviations = planes.std(axis=(1, 2))
    if deviations.max() < MIN_DEVIATION:
        return np.zeros(cells.shape[:2], dtype=np.float32)
    planes -= planes.mean(axis=(1, 2), keepdims=True)
    height, width = cells.shape[:2]
    spectrum = np.fft.rfft2(planes[:, _mirrored(height)[:, None], _mirrored(width)])
    usual = _mean_of_nine(np.log(np.abs(spectrum) + 1e-3))
    residual = np.fft.irfft2(spectrum * np.exp(-usual), (len(_mirrored(height)), len(_mirrored(width))))
    energy = np.square(residual[:, :height, :width])
    means = energy.mean(axis=(1, 2)) + 1e-12
    weights = (deviations / means)[:, None, None]
    return _blurred((energy * weights).sum(axis=0, dtype=np.float32))  # no product of BLAS, which would start threads


@lru_cache(maxsize=2 * MAP_EDGE)
def _mirrored(edge: int) -> NDArray[np.intp]:
    """Indexes of a line, then of what lies mirrored around its ends: as the transform is periodic, it all follows.

    The length is a multiple of 8, since a transform's time hangs on the factors of its length.
    """
    length = -(-(edge + 2 * MARGIN) // 8) * 8
    after = (length - edge + 1) // 2
    line = np.concatenate([np.arange(edge + after), np.arange(edge + after - length, 0)])
    period = max(1, 2 * edge - 2)
    folded = line % period
    indexes: NDArray[np.intp] = np.minimum(folded, period - folded)
    return indexes


def _mean_of_nine(plane: Cells) -> Cells:
    """Each value's mean with its 8 neighbours over the last two axes: rows are a ring, columns end."""
    rows = plane.copy()
    rows[:, 1:] += plane[:, :-1]
    rows[:, 0] += plane[:, -1]
    rows[:, :-1] += plane[:, 1:]
    rows[:, -1] += plane[:, 0]
    nine = rows.copy()
    nine[..., 1:] += rows[..., :-1]
    nine[..., 0] += rows[..., 0]
    nine[..., :-1] += rows[..., 1:]
    nine[..., -1] += rows[..., -1]
    nine /= 9
    return nine


def _blurred(cells: Cells) -> Cells:
    """By 1-2-1 both ways, a standard deviation of 0.7 cells; the border is repeated."""
    rows = 2 * cells
    rows[1:] += cells[:-1]
    rows[0] += cells[0]
    rows[:-1] += cells[1:]
    rows[-1] += cells[-1]
    blurred = 2 * rows
    blurred[:, 1:] += rows[:, :-1]
    blurred[:, 0] += rows[:, 0]
    blurred[:, :-1] += rows[:, 1:]
    blurred[:, -1] += rows[:, -1]
    blurred /= 16
    return blurred


def _things(saliency: Cells, salient: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The groups of salient cells, the highest peak first, at most MAX_SUBJECTS.

    Cells are bits of one whole number, so that a step of growing in all directions is a few shifts: exact, and
    as fast as a compiled labelling on so few cells. A row has a spare column, so that it never grows into the next.
    """
    height, width = salient.shape
    row = width + REACH
    spread = np.zeros((height, row), dtype=bool)
    spread[:, :width] = salient
    bits = _to_bits(spread)
    columns = np.zeros((height, row), dtype=bool)
    columns[:, :width] = True
    frame = _to_bits(columns)
    near = bits
    for _ in range(REACH):
        near = _grown(near, row) & frame
    left = np.where(salient, saliency, 0)
    things: list[NDArray[np.bool_]] = []
    while len(things) < MAX_SUBJECTS:
        y, x = divmod(int(left.argmax()), width)
        if left[y, x] <= 0:
            break
        thing = _from_bits(_flood(1 << (y * row + x), near, row) & bits, height, row)[:, :width]
        things.append(thing)
        left[thing] = 0
    return things


def _flood(seed: int, allowed: int, row: int) -> int:
    while (grown := _grown(seed, row) & allowed) != seed:
        seed = grown
    return seed


def _grown(bits: int, row: int) -> int:
    bits |= bits << 1 | bits >> 1
    return bits | bits << row | bits >> row


def _to_bits(cells: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(cells, bitorder="little").tobytes(), "little")


def _from_bits(bits: int, height: int, row: int) -> NDArray[np.bool_]:
    packed = np.frombuffer(bits.to_bytes(-(-height * row // 8), "little"), dtype=np.uint8)
    return np.unpackbits(packed, count=height * row, bitorder="little").reshape(height, row).astype(bool)


def _box(thing: NDArray[np.bool_]) -> tuple[Box, tuple[slice, slice]]:
    """The box around the cells, as shares of the frame and as slices."""
    height, width = thing.shape
    rows, columns = np.flatnonzero(thing.any(axis=1)), np.flatnonzero(thing.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    box = (left / width, top / height, right / width, bottom / height)
    return box, (slice(top, bottom), slice(left, right))
