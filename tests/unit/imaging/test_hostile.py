from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.imaging.inspect import inspect_image
from shared.domain.imaging.pixels import read_pixels
from shared.domain.imaging.renditions import make_renditions
from shared.domain.limits import Limits
from shared.domain.presets import Preset, fit
from shared.domain.stage import Stage
from shared.errors import Refused
from tests.unit.imaging.drawn import SAMPLES

# Small enough that a file whose claim was mutated upwards is refused and not decoded for seconds.
LIMITS = Limits(max_pixels=4_000_000)
PRESETS = [Preset("small", Stage.THUMBNAILS, (20, 20)), Preset("large", Stage.VARIANTS, (40, 40), "png")]
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@st.composite
def mutated_files(draw):
    """A valid file with some bytes changed, a piece cut out or doubled, or its tail gone."""
    data = bytearray(draw(st.sampled_from(sorted(SAMPLES.values()))))
    reach = draw(st.sampled_from([64, 512, len(data)]))  # headers are where it hurts
    positions = st.integers(0, min(reach, len(data)) - 1)
    for at, value in draw(st.lists(st.tuples(positions, st.integers(0, 255)), max_size=8)):
        data[at] = value
    start, length = draw(positions), draw(st.integers(0, 64))
    piece = data[start : start + length]
    return bytes(data[:start] + piece * draw(st.sampled_from([0, 1, 1, 1, 2])) + data[start + length :])


@QUICK
@given(mutated_files())
def test_mutated_file_is_accepted_or_refused_and_nothing_else(data):
    with suppress(Refused):
        inspect_image(data, LIMITS)


@QUICK
@given(mutated_files())
def test_accepted_file_gives_renditions_of_the_stated_size_or_a_refusal(data):
    with suppress(Refused):
        facts = inspect_image(data, LIMITS)
        made = list(make_renditions(data, PRESETS))

        assert [(each.width, each.height) for each in made] == [
            fit(facts.width, facts.height, preset.box) for preset in PRESETS
        ]


@QUICK
@given(mutated_files())
def test_pixels_of_a_mutated_file_are_read_or_refused(data):
    with suppress(Refused):
        inspect_image(data, LIMITS)

        assert max(read_pixels(data, 32).shape[:2]) <= 32


@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\x00", b"MM\x00+", b"RIFF"]), st.binary()
)
def test_garbage_behind_a_signature_is_refused(signature, garbage):
    with suppress(Refused):
        inspect_image(signature + garbage, LIMITS)
