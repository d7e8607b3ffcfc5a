"""Names and types of the settings as keyword arguments: what an editor completes.

A test holds this list to the descriptions of the settings, which alone know defaults and ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from emoreport.settings import (
        ActionSettings,
        AnalysisSettings,
        DecodingSettings,
        FaceSettings,
        FeatureSettings,
        OutputSettings,
        RuntimeSettings,
        SpeechSettings,
        WordSettings,
    )


class SettingValues(TypedDict, total=False):
    """Settings by public name: the name of the command-line option, without a unit.

    The first nine are whole groups.
    """

    decoding: DecodingSettings
    faces: FaceSettings
    actions: ActionSettings | bool
    speech: SpeechSettings | str
    features: FeatureSettings | bool
    words: WordSettings
    analysis: AnalysisSettings
    output: OutputSettings
    runtime: RuntimeSettings | Literal["auto", "onnxruntime", "openvino", "torch"]
    fps: str | float
    shots: Literal["auto", "none"]
    face: str
    face_witness: str
    face_detector: str
    min_face_score: float
    strict_single_face: bool
    action_model: Literal["auto", "mesh", "mediapipe/face_landmarker"]
    action_rate: float
    blinks: bool
    speech_witness: str
    speech_hop: float
    speech_threshold: float
    acoustics: bool
    speech_bias: Literal["none", "acted"]
    speech_context: Literal["recording", "window"]
    min_speech: float
    face_alignment: Literal["model", "points"]
    head: str
    voice_features: str
    transcript: str
    transcript_tier: str
    aligner: str
    text: str
    smoothing: float
    smoothing_method: Literal["mean", "median"]
    min_interval: float
    gap_limit: float
    hysteresis: float
    abstention: Literal["off", "normal", "strict"]
    distance_limit: float
    baseline: str
    compounds: bool
    correct_articulation: bool
    speaker: Literal["auto", "off"]
    transitions_across_cuts: bool
    person: str
    bridge: str
    out: str
    formats: str | Sequence[str]
    lang: Literal["en", "ru"]
    excel_locale: Literal["none", "ru"]
    page_video: Literal["link", "embed", "none"]
    text_output: Literal["full", "none"]
    people: Literal["one", "all"]
    overwrite: bool
    offline: bool
    threads: int
    speech_runtime: Literal["same", "auto", "onnxruntime", "openvino", "torch"]
    device: Literal["auto", "cpu", "cuda"]
