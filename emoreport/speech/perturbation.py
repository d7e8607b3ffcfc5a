"""Jitter and shimmer with Praat, where the extra `acoustics` is installed.

praat-parselmouth is under the GPL 3 or later and is no part of the light install. Periods of single
glottal cycles need a method as careful as Praat's: the contour of 10 ms is too coarse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from emoreport.records import SAMPLE_RATE_HZ, FloatArray
from emoreport.speech.pitch import HIGHEST_HZ, LOWEST_HZ

PERIOD_LIMITS: Final = (0.0001, 0.02, 1.3)
"""Shortest and longest period in seconds, and largest factor between neighbours: Praat's own."""
LARGEST_AMPLITUDE_FACTOR: Final = 1.6


def has_praat() -> bool:
    """Whether jitter and shimmer can be measured here."""
    from importlib.util import find_spec

    return find_spec("parselmouth") is not None


def jitter_and_shimmer(
    samples: FloatArray, stretches: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Local jitter and shimmer of some stretches of a sound at 16 kHz.

    Parameters
    ----------
    samples
        float32 (n,), [-1, 1].
    stretches
        Start and end of each, seconds from the first sample.

    Returns
    -------
    Per stretch the mean difference of neighbouring periods over the mean period, and the same of
    their amplitudes; shares, NaN where Praat finds too few periods.
    """
    from parselmouth import PraatError, Sound
    from parselmouth.praat import call

    sound: Any = Sound(samples.astype(float), SAMPLE_RATE_HZ)
    try:
        pulses = call(sound, "To PointProcess (periodic, cc)", LOWEST_HZ, HIGHEST_HZ)
    except PraatError:  # a sound of a few periods
        return [(math.nan, math.nan)] * len(stretches)
    jitter, shimmer = "Get jitter (local)", "Get shimmer (local)"
    return [
        (
            call(pulses, jitter, *stretch, *PERIOD_LIMITS),
            call([sound, pulses], shimmer, *stretch, *PERIOD_LIMITS, LARGEST_AMPLITUDE_FACTOR),
        )
        for stretch in stretches
    ]
