"""Pure functions from readings to intervals, comparisons and transitions.

Modules: `timeline` (what each frame stands for), `smoothing`, `labelling`
(hysteresis and the shortest row), `segmentation` (rows of the face), `voice` (the same rows heard),
`bridge` (shared label space), `mismatch`, `transitions`, `summary`. `analyze_readings` runs them.
"""

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.mismatch import compare_intervals, mismatches
from emoreport.analysis.segmentation import segment_faces
from emoreport.analysis.smoothing import smooth_track
from emoreport.analysis.summary import summarize
from emoreport.analysis.timeline import hold_times
from emoreport.analysis.transitions import count_transitions
from emoreport.analysis.voice import voice_intervals

__all__ = [
    "DEFAULT_BRIDGE",
    "Bridge",
    "analyze_readings",
    "compare_intervals",
    "count_transitions",
    "hold_times",
    "mismatches",
    "segment_faces",
    "smooth_track",
    "summarize",
    "voice_intervals",
]
