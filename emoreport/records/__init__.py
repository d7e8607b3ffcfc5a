"""Frozen types that the packages of emoreport pass to each other.

Units: seconds of presentation time from the start of the video (`_s`), pixels (`_px`),
hertz (`_hz`). Missing values are NaN in arrays and None in single values, never 0 and never
"neutral". Images are RGB, uint8, shape (height, width, 3).
"""

from __future__ import annotations

from emoreport.records.annotations import (
    MACHINE,
    UNCODED,
    CodedLabels,
    LabelledSpan,
    LabelSource,
)
from emoreport.records.arrays import (
    Columns,
    DoubleArray,
    FloatArray,
    IntArray,
    ProgressCallback,
    RgbImage,
)
from emoreport.records.faces import (
    FACE_MEASURES,
    Box,
    CropSpec,
    FaceDetector,
    FaceEmotionModel,
    FaceObservation,
    FaceScores,
    FaceTrack,
)
from emoreport.records.features import (
    MODALITIES,
    EmbeddingFaceModel,
    EmbeddingVoiceModel,
    FaceFeatures,
    FeatureSource,
    Modality,
    VoiceFeatures,
)
from emoreport.records.heads import HEAD_TASKS, HeadRecord, HeadTask, HeadTrack
from emoreport.records.media import (
    SAMPLE_RATE_HZ,
    AudioTrack,
    DecodeOutcome,
    Frame,
    MediaInfo,
    Placement,
    Span,
    StreamInfo,
)
from emoreport.records.models import (
    HeadLimits,
    ModelRecord,
    Precision,
    Recording,
    WitnessReadings,
)
from emoreport.records.run import (
    InputRecord,
    MediaRecord,
    RunPlan,
    RunRecord,
    RunWarning,
)
from emoreport.records.speech import (
    CONTOUR_STEP_S,
    VOICE_MEASURES,
    WITNESS_MEASURE,
    MeasuringVoiceModel,
    SettlingVoiceModel,
    SoundContour,
    SpeechTrack,
    VoiceActivityDetector,
    VoiceEmotionModel,
    VoiceScores,
)

__all__ = [
    "CONTOUR_STEP_S",
    "FACE_MEASURES",
    "HEAD_TASKS",
    "MACHINE",
    "MODALITIES",
    "SAMPLE_RATE_HZ",
    "UNCODED",
    "VOICE_MEASURES",
    "WITNESS_MEASURE",
    "AudioTrack",
    "Box",
    "CodedLabels",
    "Columns",
    "CropSpec",
    "DecodeOutcome",
    "DoubleArray",
    "EmbeddingFaceModel",
    "EmbeddingVoiceModel",
    "FaceDetector",
    "FaceEmotionModel",
    "FaceFeatures",
    "FaceObservation",
    "FaceScores",
    "FaceTrack",
    "FeatureSource",
    "FloatArray",
    "Frame",
    "HeadLimits",
    "HeadRecord",
    "HeadTask",
    "HeadTrack",
    "InputRecord",
    "IntArray",
    "LabelSource",
    "LabelledSpan",
    "MeasuringVoiceModel",
    "MediaInfo",
    "MediaRecord",
    "Modality",
    "ModelRecord",
    "Placement",
    "Precision",
    "ProgressCallback",
    "Recording",
    "RgbImage",
    "RunPlan",
    "RunRecord",
    "RunWarning",
    "SettlingVoiceModel",
    "SoundContour",
    "Span",
    "SpeechTrack",
    "StreamInfo",
    "VoiceActivityDetector",
    "VoiceEmotionModel",
    "VoiceFeatures",
    "VoiceScores",
    "WitnessReadings",
]
