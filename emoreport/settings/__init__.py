"""One frozen tree of settings: every default, range, unit and help text once.

Precedence: command-line flag, then ``EMOREPORT_<NAME>`` variable, then configuration file, then
default. The name of a setting is the same everywhere: ``--min-interval`` on the command line,
``EMOREPORT_MIN_INTERVAL`` in the environment, ``min_interval`` in ``emoreport.toml`` and
``Settings(min_interval=…)`` in Python. What a setting is read by there ends in its unit:
``settings.analysis.min_interval_s``.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, Unpack

from emoreport.errors import SettingsError
from emoreport.settings.described import OptionInfo, checked, nearest, option
from emoreport.settings.keywords import SettingValues
from emoreport.vocabulary import ABSTENTION_LEVELS

FORMATS: Final[tuple[str, ...]] = ("csv", "xlsx", "parquet", "json", "html")
LANGUAGES: Final[tuple[str, ...]] = ("en", "ru")
UNIT_SUFFIXES: Final[tuple[str, ...]] = ("_s", "_hz", "_px")


NO_SHOTS: Final = "none"
EVERY_FRAME: Final = "every"
ADAPTIVE: Final = "adaptive"


@dataclass(frozen=True, slots=True)
class DecodingSettings:
    """Which frames are analysed."""

    fps: str = option(
        EVERY_FRAME,
    )
    shots: str = option("auto", choices=("auto", NO_SHOTS))


RUNTIMES: Final = ("auto", "onnxruntime", "openvino", "torch")
SAME: Final = "same"


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """Face detection, tracking and face-emotion model."""

    face: str = option("auto")
    face_witness: str = option(
        "auto",
    )
    face_detector: str = option(
        "auto",
    )
    min_face_score: float = option(0.5, minimum=0.1, maximum=0.99)
    strict_single_face: bool = option(False)


MESH_ACTIONS: Final = "mesh"
LANDMARKER_ACTIONS: Final = "mediapipe/face_landmarker"


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """What the face does: pose, gaze, eyes, brows, mouth."""

    actions: bool = option(False)
    action_model: str = option("auto", choices=("auto", MESH_ACTIONS, LANDMARKER_ACTIONS))
    action_rate_hz: float = option(10.0, unit="hertz", minimum=1.0, maximum=120.0)
    blinks: bool = option(True)


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Voice activity and voice-emotion model."""

    speech: str = option("auto")
    speech_witness: str = option(
        "auto",
    )
    speech_hop_s: float = option(
        1.0,
        unit="seconds",
        minimum=0.1,
        maximum=10.0,
    )
    speech_threshold: float = option(0.5, minimum=0.05, maximum=0.95)
    acoustics: bool = option(True)
    speech_bias: str = option(
        "none",
        choices=("none", "acted"),
    )
    speech_context: str = option(
        "recording",
        choices=("recording", "window"),
    )
    min_speech_s: float = option(
        0.3,
        unit="seconds",
        minimum=0.0,
        maximum=10.0,
    )


MODEL_FEATURES: Final = "model"
POINTS_ALIGNMENT: Final = "points"
LAYER_FEATURES: Final = "layer:"
EGEMAPS_FEATURES: Final = "egemaps"


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """What the models' last layers know of face and voice, kept beside what they say."""

    features: bool = option(False)
    face_alignment: str = option("model", choices=("model", POINTS_ALIGNMENT))
    head: str = option("none")
    voice_features: str = option(MODEL_FEATURES)


NO_TRANSCRIPT: Final = "none"


@dataclass(frozen=True, slots=True)
class WordSettings:
    """Which words are said, and what reads an emotion in them."""

    transcript: str = option(NO_TRANSCRIPT)
    transcript_tier: str = option("auto")
    aligner: str = option("auto")
    text: str = option("auto")


MOST_SEEN: Final = "auto"
ONE_PERSON: Final = "one"
ALL_PEOPLE: Final = "all"
NO_SPEAKER: Final = "off"


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """From readings to intervals."""

    smoothing_s: float = option(
        1.0,
        unit="seconds",
        minimum=0.0,
        maximum=60.0,
    )
    smoothing_method: str = option("mean", choices=("mean", "median"))
    min_interval_s: float = option(0.5, unit="seconds", minimum=0.0, maximum=60.0)
    gap_limit_s: float = option(
        0.5,
        unit="seconds",
        minimum=0.0,
        maximum=60.0,
    )
    hysteresis: float = option(
        0.05,
        minimum=0.0,
        maximum=0.9,
    )
    abstention: str = option(
        "normal",
        choices=ABSTENTION_LEVELS,
    )
    distance_limit: float = option(
        1.0,
        minimum=0.0,
        maximum=100.0,
    )
    baseline: str = option(
        "none",
    )
    compounds: bool = option(False)
    correct_articulation: bool = option(False)
    speaker: str = option("auto", choices=("auto", NO_SPEAKER))
    transitions_across_cuts: bool = option(False)
    person: str = option(MOST_SEEN)
    bridge: str = option("default")


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """What is written where."""

    out: str = option("statistics")
    formats: tuple[str, ...] = option(FORMATS, choices=FORMATS)
    lang: str = option("en", choices=LANGUAGES)
    excel_locale: str = option(
        "none",
        choices=("none", "ru"),
    )
    page_video: str = option(
        "link",
        choices=("link", "embed", "none"),
    )
    text_output: str = option("full", choices=("full", "none"))
    people: str = option(ONE_PERSON, choices=(ONE_PERSON, ALL_PEOPLE))
    overwrite: bool = option(False)


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Machine and network."""

    offline: bool = option(False)
    threads: int = option(0, minimum=0, maximum=256)
    runtime: str = option(
        "auto",
        choices=RUNTIMES,
    )
    speech_runtime: str = option(
        SAME,
        choices=(SAME, *RUNTIMES),
    )
    device: str = option(
        "auto",
        choices=("auto", "cpu", "cuda"),
    )

    @property
    def of_voice(self) -> str:
        """Runtime of the voice model."""
        return self.runtime if self.speech_runtime == SAME else self.speech_runtime


@dataclass(frozen=True, slots=True, init=False)
class Settings:
    """All settings of one analysis.

    Parameters
    ----------
    **values
        Settings by the name of their command-line option: ``min_interval`` for
        ``--min-interval``, in the unit that `emoreport analyze --help` names. Whole groups are
        taken too (``analysis=AnalysisSettings(…)``). What is left out keeps its default.

    Raises
    ------
    SettingsError
        For a name that does not exist, and a value that is outside its range or not among its
        choices.

    Examples
    --------
    >>> Settings().analysis.smoothing_s
    1.0
    >>> Settings(min_interval=2).analysis.min_interval_s
    2.0
    """

    decoding: DecodingSettings
    faces: FaceSettings
    actions: ActionSettings
    speech: SpeechSettings
    features: FeatureSettings
    words: WordSettings
    analysis: AnalysisSettings
    output: OutputSettings
    runtime: RuntimeSettings

    def __init__(self, /, **values: Unpack[SettingValues]) -> None:
        for name, group in _groups(values, {}).items():
            object.__setattr__(self, name, group)
        parse_fps(self.decoding.fps)
        parse_baseline(self.analysis.baseline)
        parse_voice_features(self.features.voice_features)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Build a tree from ``{public name: value}``; names left out keep their default.

        Raises
        ------
        SettingsError
            For a name that does not exist or a value that does not fit.
        """
        return cls(**values)

    def replace(self, **values: Unpack[SettingValues]) -> Self:
        """Copy with some settings changed; see `Settings` for their names."""
        own = {name: getattr(self, name) for name in _group_types()}
        return type(self)(**_groups(values, own))

    def values(self) -> dict[str, Any]:
        """Return every setting as ``{public name: value}``."""
        return {
            name: getattr(getattr(self, info.group), info.attribute)
            for name, info in OPTIONS.items()
        }


def _group_types() -> dict[str, type]:
    return {
        "decoding": DecodingSettings,
        "faces": FaceSettings,
        "actions": ActionSettings,
        "speech": SpeechSettings,
        "features": FeatureSettings,
        "words": WordSettings,
        "analysis": AnalysisSettings,
        "output": OutputSettings,
        "runtime": RuntimeSettings,
    }


def _groups(values: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Groups made of `values`, settings and whole groups; what is left out is that of `base`."""
    types = _group_types()
    whole = {name for name, value in values.items() if isinstance(value, types.get(name, ()))}
    chosen = {_option(name).name: value for name, value in values.items() if name not in whole}
    groups = {}
    for name, group_type in types.items():
        start = values[name] if name in whole else base.get(name, group_type())
        groups[name] = group_type(
            **{
                info.attribute: checked(info, chosen.get(info.name, getattr(start, info.attribute)))
                for info in OPTIONS.values()
                if info.group == name
            }
        )
    return groups


def _option(name: str) -> OptionInfo:
    info = OPTIONS.get(name.replace("-", "_"))
    if info is None:
        raise SettingsError("settings.unknown", name=name, near=nearest(name, OPTIONS))
    return info


def _describe() -> Iterator[OptionInfo]:
    for group, group_type in _group_types().items():
        for setting_field in dataclasses.fields(group_type):
            name = setting_field.metadata["name"] or setting_field.name
            for suffix in UNIT_SUFFIXES:
                name = name.removesuffix(suffix)
            facts = {key: value for key, value in setting_field.metadata.items() if key != "name"}
            yield OptionInfo(
                name=name,
                group=group,
                attribute=setting_field.name,
                type=type(setting_field.default),
                default=setting_field.default,
                **facts,
            )


OPTIONS: Final[Mapping[str, OptionInfo]] = {info.name: info for info in _describe()}
"""Every setting by its public name."""


# What editors and notebooks show and complete, with the defaults.
Settings.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter(
            info.name, inspect.Parameter.KEYWORD_ONLY, default=info.default, annotation=info.type
        )
        for info in OPTIONS.values()
    ]
)


def parse_fps(text: str) -> float | None:
    """Rate in Hz of ``--fps``; None for ``every`` and for ``adaptive``.

    Raises
    ------
    SettingsError
        When `text` is neither of the two words nor a rate in (0, 1000].
    """
    if text in {EVERY_FRAME, ADAPTIVE}:
        return None
    try:
        rate_hz = float(text)
    except ValueError:
        rate_hz = -1.0
    if not 0 < rate_hz <= 1000:
        raise SettingsError("settings.fps", value=text)
    return rate_hz


def parse_voice_features(text: str) -> int | None:
    """Number of the hidden layer that ``--voice-features`` names; None for other features.

    Raises
    ------
    SettingsError
        When `text` is neither ``model`` nor ``egemaps`` nor ``layer:`` and a number.
    """
    if text in {MODEL_FEATURES, EGEMAPS_FEATURES}:
        return None
    number = text.removeprefix(LAYER_FEATURES)
    if number == text or not (number.isascii() and number.isdigit()):
        raise SettingsError("settings.voice_features", value=text)
    return int(number)


def parse_baseline(text: str) -> float | tuple[float, float] | None:
    """What ``--baseline`` asks for: seconds of neutral, (start, end) in seconds, or None.

    Raises
    ------
    SettingsError
        When `text` is none of the three forms.
    """
    if text == "none":
        return None
    name, colon, seconds = text.partition(":")
    try:
        if colon and name == "neutral":
            length_s = float(seconds)
            if 0 < length_s < float("inf"):
                return length_s
        start, dash, end = text.partition("-")
        if dash and 0 <= float(start) < float(end) < float("inf"):
            return float(start), float(end)
    except ValueError:
        pass
    raise SettingsError("settings.baseline", value=text)
