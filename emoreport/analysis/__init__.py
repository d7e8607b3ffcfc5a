"""Pure functions from readings to intervals, comparisons and transitions.

Modules: `timeline` (what each frame stands for), `smoothing`, `labelling`
(hysteresis and the shortest row), `segmentation` (rows of the face), `voice` (the same rows heard),
`bridge` (shared label space), `mismatch`, `transitions`, `summary`. `analyze_readings` runs them.
"""

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.mismatch.comparison import compare_intervals, mismatches
from emoreport.analysis.numeric.timeline import hold_times
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.smoothing import smooth_track
from emoreport.analysis.rows.voice import voice_intervals
from emoreport.analysis.summary import summarize
from emoreport.analysis.transitions.counting import count_transitions

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
