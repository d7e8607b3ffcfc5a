"""Pure functions from readings to labelled rows, mismatches, transitions and statistics.

Rooms, each using those before it: `numeric` (time lines, resampling), `rows` (what face and voice
showed when), `mismatch` and `transitions`, `talks` and `annotators`. `analyze_readings` runs them
for one talk.
"""

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.mismatch.comparison import compare_intervals, mismatches
from emoreport.analysis.numeric.hold_times import hold_times
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.smoothing import smooth_track
from emoreport.analysis.rows.voice import audio_intervals
from emoreport.analysis.summary import summarize
from emoreport.analysis.transitions.counting import count_transitions

__all__ = [
    "DEFAULT_BRIDGE",
    "Bridge",
    "analyze_readings",
    "audio_intervals",
    "compare_intervals",
    "count_transitions",
    "hold_times",
    "mismatches",
    "segment_faces",
    "smooth_track",
    "summarize",
]
