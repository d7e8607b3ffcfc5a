"""How the voice sounds, for the page: measures of each interval, a picture of the talk."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np

from emoreport.records import CONTOUR_STEP_S, SoundContour
from emoreport.results import AcousticInterval, Findings

COLUMNS: Final = 480
"""Most columns of the picture; each is a stretch of the talk of at least two frames."""
MEASURES: Final = (
    "f0_median_hz",
    "f0_median_vs_own_st",
    "f0_range_st",
    "loudness_vs_own_db",
    "syllables_per_s",
    "syllables_vs_own",
    "voiced_share",
    "pauses",
    "pause_s",
)


def sound_document(findings: Findings) -> dict[str, Any] | None:
    """What the page shows of the sound of the voice; None where it was not measured.

    Returns
    -------
    ``usual_hz``, the speaker's own pitch; ``rows`` of `acoustics` as columns; ``pitch_st``, above
    or below the own one, and ``level_db`` of each of at most `COLUMNS` stretches of equal length.
    """
    contour = findings.speech.contour
    if contour is None:
        return None
    usual_hz = findings.speech.usual("f0_median_hz")
    rows = findings.analysis.acoustics
    pitch_st, level_db = picture(contour, findings.analysis.summary.duration_s, usual_hz)
    return {
        "usual_hz": _rounded(usual_hz),
        "rows": {
            "start": [_rounded(row.span.start_s) for row in rows],
            "end": [_rounded(row.span.end_s) for row in rows],
            **{name: _column(rows, name) for name in MEASURES},
        },
        "pitch_st": pitch_st,
        "level_db": level_db,
    }


def picture(
    contour: SoundContour, duration_s: float, usual_hz: float | None
) -> tuple[list[float | None], list[float | None]]:
    """Median pitch, in semitones from the usual one, and mean level of each column.

    None where a column has no voiced frame, or no speech.
    """
    columns = max(1, min(COLUMNS, int(duration_s / (2 * CONTOUR_STEP_S))))
    edges_s = np.linspace(0.0, duration_s, columns + 1)
    bounds = np.searchsorted(contour.time_s, edges_s)
    pitch_st: list[float | None] = []
    level_db: list[float | None] = []
    for first, stop in pairwise(bounds.tolist()):
        heard = contour.f0_hz[first:stop]
        voiced = heard[~np.isnan(heard)]
        above = 12 * np.log2(np.median(voiced) / usual_hz) if len(voiced) and usual_hz else None
        pitch_st.append(_rounded(above))
        power = 10 ** (contour.level_db[first:stop] / 10)
        level_db.append(_rounded(10 * np.log10(power.mean())) if len(power) else None)
    return pitch_st, level_db


def _column(rows: tuple[AcousticInterval, ...], name: str) -> list[float | None]:
    return [_rounded(getattr(row, name)) for row in rows]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
