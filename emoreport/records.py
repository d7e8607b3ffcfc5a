"""The frozen types that the rooms of the house hand each other. No I/O happens here.

Units: seconds of presentation time from the start of the video (`_s`), pixels (`_px`),
hertz (`_hz`). Missing values are NaN in arrays and None in single values, never 0 and never
"neutral". Images are RGB, uint8, shape (height, width, 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RgbImage = NDArray[np.uint8]

ProgressCallback = Callable[[str, float, float | None], None]
"""``(stage, done, total)``: seconds of the recording done; total is None while unknown."""


# --------------------------------------------------------------------------- time and media


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open stretch of time [start_s, end_s), seconds of presentation time."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        """Refuse spans that end before they start or are not finite."""
        if not (np.isfinite(self.start_s) and np.isfinite(self.end_s)):
            raise ValueError(f"span bounds must be finite, got {self.start_s}, {self.end_s}")
        if self.end_s < self.start_s:
            raise ValueError(f"span ends before it starts: {self.start_s}, {self.end_s}")

    @property
    def duration_s(self) -> float:
        """Length in seconds, ≥ 0."""
        return self.end_s - self.start_s

    @property
    def centre_s(self) -> float:
        """Middle of the span in seconds."""
        return 0.5 * (self.start_s + self.end_s)

    def overlap_s(self, other: Span) -> float:
        """Seconds that both spans share, ≥ 0."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame, upright (rotation metadata applied).

    Attributes
    ----------
    index
        0-based ordinal in the stream's presentation order, counted over decoded frames
        (skipped ones of a reduced analysis rate included).
    time_s
        Presentation time, seconds from the start of the video.
    rgb
        Pixels, RGB uint8, shape (height, width, 3), C-contiguous.
    """

    index: int
    time_s: float
    rgb: RgbImage


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a container, as run.json names it."""

    index: int
    kind: str
    codec: str
    used: bool
    start_s: float | None
    duration_s: float | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What is known of a recording before it is decoded.

    `duration_s` and `frame_rate_hz` are the container's claims (None when it makes none);
    what decoding really found is in `DecodeOutcome`.
    """

    path: str
    container: str
    duration_s: float | None
    frame_rate_hz: float | None
    width_px: int
    height_px: int
    rotation_deg: int
    has_audio: bool
    streams: tuple[StreamInfo, ...]


@dataclass(frozen=True, slots=True)
class DecodeOutcome:
    """What decoding one stream to its end found.

    Attributes
    ----------
    duration_s
        End of the last presented frame or sample, seconds from the start of the video.
    frames
        Frames (video) or samples at the output rate (audio) delivered.
    decode_failures
        Packets or frames that could not be decoded and were passed over.
    time_quality
        ``exact`` (every frame had a presentation time), ``repaired`` (some were missing or ran
        backwards and were interpolated or dropped) or ``estimated`` (none had one).
    notes
        Plain sentences about anything unusual.
    """

    duration_s: float
    frames: int
    decode_failures: int
    time_quality: str
    notes: tuple[str, ...] = ()


class FrameSource(Protocol):
    """A video stream that gives its frames once, in presentation order."""

    info: MediaInfo

    def __iter__(self) -> Iterator[Frame]:
        """Yield upright RGB frames with presentation times; raise MediaError if none decodes."""
        ...

    @property
    def outcome(self) -> DecodeOutcome:
        """What was found; complete after the iterator is exhausted."""
        ...


class AudioTrack(Protocol):
    """16 kHz mono audio on the video's time line, readable in any order, at constant memory."""

    sample_rate_hz: int

    @property
    def outcome(self) -> DecodeOutcome:
        """What decoding the stream found."""
        ...

    @property
    def start_s(self) -> float:
        """Where the sound starts on the video's time line (≥ 0)."""
        ...

    @property
    def end_s(self) -> float:
        """Where the sound ends on the video's time line."""
        ...

    def read(self, span: Span) -> FloatArray:
        """Samples of `span`, float32 (n,), [-1, 1]; zeros where the track has no sound.

        n = round(end · rate) − round(start · rate).
        """
        ...

    def close(self) -> None:
        """Release the temporary storage; reading afterwards is an error."""
        ...


# --------------------------------------------------------------------------- faces


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned tight face box in pixels of the upright frame; may leave the frame."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Area in square pixels, ≥ 0."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return self.x + 0.5 * self.width, self.y + 0.5 * self.height

    def iou(self, other: Box) -> float:
        """Intersection over union with `other`, 0–1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """One detected face.

    Attributes
    ----------
    box
        Tight box in the convention of MediaPipe's short-range face detector.
    score
        Detection score, 0–1.
    eyes
        (right eye, left eye) of the person, each (x, y) in pixels, or None.
    yaw_deg, pitch_deg
        Head pose where the detector gives landmarks, else NaN.
    """

    box: Box
    score: float
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = None
    yaw_deg: float = float("nan")
    pitch_deg: float = float("nan")


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face-emotion model wants its face cut out of the frame.

    A square whose side is ``scale × sqrt(box width × box height)``, its centre moved from the
    box centre by (`shift_x`, `shift_y`) × box side, turned so that the eyes are level if
    `align_roll`. ``tight_box=True`` takes the tight box itself (no square, no margin).
    """

    size_px: int
    scale: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    align_roll: bool = False
    tight_box: bool = False


@dataclass(frozen=True, slots=True)
class FaceScores:
    """What a face-emotion model says of N faces.

    Attributes
    ----------
    probabilities
        float32 (N, K); rows sum to 1; columns follow the model's `labels`.
    valence, arousal
        float32 (N,), [-1, 1], or None where the model gives none.
    extra
        Further float32 (N,) columns by name, the same names on every call (for instance
        ``valence_raw``: what the network said before it was clipped).
    """

    probabilities: FloatArray
    valence: FloatArray | None = None
    arousal: FloatArray | None = None
    extra: Mapping[str, FloatArray] = field(default_factory=dict)


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces in one frame."""

    name: str

    def detect(self, rgb: RgbImage) -> list[FaceObservation]:
        """Return all faces of an RGB uint8 (H, W, 3) frame, best score first; [] if none."""
        ...

    def close(self) -> None:
        """Release native resources."""
        ...


@runtime_checkable
class FaceEmotionModel(Protocol):
    """Turns face crops into emotion probabilities."""

    record: ModelRecord
    labels: tuple[str, ...]
    crop: CropSpec

    def predict(self, faces: Sequence[RgbImage]) -> FaceScores:
        """N face crops, RGB uint8 (size, size, 3) → scores. Batch = single, to 1e-5."""
        ...


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """Face readings of one video, one entry per analysed frame, in order of time.

    Attributes
    ----------
    labels
        Class names of the probability columns (K).
    time_s
        float64 (N,), strictly increasing.
    frame
        int64 (N,), index of the decoded frame.
    faces
        int64 (N,), number of faces found in the frame.
    box
        float32 (N, 4): x, y, width, height in pixels; NaN rows where no usable face is.
    detection_score
        float32 (N,), NaN where no usable face is.
    probabilities
        float32 (N, K); NaN rows where no usable face is.
    valence, arousal
        float32 (N,) or None.
    extra
        Further float32 (N,) columns by name (evidence such as yaw), NaN where unknown.
    """

    labels: tuple[str, ...]
    time_s: DoubleArray
    frame: IntArray
    faces: IntArray
    box: FloatArray
    detection_score: FloatArray
    probabilities: FloatArray
    valence: FloatArray | None = None
    arousal: FloatArray | None = None
    extra: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """bool (N,): frames with a usable face and a prediction."""
        return np.asarray(~np.isnan(self.probabilities).any(axis=1))

    def __len__(self) -> int:
        """Number of analysed frames."""
        return len(self.time_s)


# --------------------------------------------------------------------------- speech


@runtime_checkable
class VoiceActivityDetector(Protocol):
    """Finds speech in 16 kHz mono audio."""

    name: str

    def detect(self, track: AudioTrack) -> tuple[Span, ...]:
        """Sorted, disjoint speech spans on the video's time line."""
        ...


@runtime_checkable
class VoiceEmotionModel(Protocol):
    """Turns stretches of speech into emotion probabilities."""

    record: ModelRecord
    labels: tuple[str, ...]
    sample_rate_hz: int
    min_window_s: float
    max_window_s: float

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """N mono clips, float32 (n_i,), [-1, 1] → float32 (N, K); rows sum to 1."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechTrack:
    """Voice readings of one video: windows on a fixed grid, independent of any interval.

    Attributes
    ----------
    labels
        Class names of the probability columns (K).
    start_s, end_s
        float64 (M,), window bounds; the windows together cover the whole sound.
    speech_s
        float64 (M,), seconds of detected speech inside each window.
    probabilities
        float32 (M, K); NaN rows where the window holds too little speech.
    speech
        Sorted, disjoint spans of detected speech.
    extra
        Further float32 (M,) columns by name (evidence such as ``snr_db``), NaN where unknown.
    """

    labels: tuple[str, ...]
    start_s: DoubleArray
    end_s: DoubleArray
    speech_s: DoubleArray
    probabilities: FloatArray
    speech: tuple[Span, ...]
    extra: Mapping[str, FloatArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.start_s)


# --------------------------------------------------------------------------- models


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """Which model really ran: goes into run.json and the summary.

    `files` maps file names to SHA-256 hex digests.
    """

    name: str
    kind: str
    version: str
    labels: tuple[str, ...]
    files: Mapping[str, str]
    runtime: str
    device: str
    licence: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """What the analysis must know of a video besides its readings."""

    name: str
    duration_s: float
    frame_rate_hz: float | None
    face_model: str
    speech_model: str
