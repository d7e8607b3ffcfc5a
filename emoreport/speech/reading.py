"""One recording's sound → voice readings: speech spans, windows and their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from emoreport.errors import SpeechStageError
from emoreport.records import (
    VOICE_MEASURES,
    WITNESS_MEASURE,
    AudioTrack,
    DecodeOutcome,
    DoubleArray,
    EmbeddingVoiceModel,
    FloatArray,
    IntArray,
    MeasuringVoiceModel,
    ProgressCallback,
    SettlingVoiceModel,
    Span,
    SpeechTrack,
    VoiceActivityDetector,
    VoiceEmotionModel,
    VoiceFeatures,
    VoiceScores,
    WitnessReadings,
)
from emoreport.settings import SpeechSettings
from emoreport.speech.activity import MIN_SPEECH_S
from emoreport.speech.quality import signal_to_noise_db, window_power
from emoreport.speech.sound import with_sound
from emoreport.speech.windows import TOUCHING_S, speech_seconds, window_grid

KeepVoice = Callable[[VoiceFeatures], None]
"""Is given features as they come."""

DETECTING: Final = "speech"
"""Name of the stage that finds speech, as progress is told."""
JUDGING: Final = "voice"
"""Name of the stage that runs the voice-emotion model."""
MEASURING: Final = "sound"
"""Name of the stage that measures pitch and loudness."""
WINDOW_WITHOUT_MODEL_S: Final = 3.0
"""Length of the windows where no model asks for one: what the known voice models ask for."""
CLIPS_AT_ONCE: Final = 8
"""Windows read and judged together: few, so that memory stays small."""
CLIPS_ON_A_CARD: Final = 32
"""Likewise on a graphics card, which a few windows leave idle."""
WHOLE_RECORDING: Final = "recording"
"""Value of the setting ``speech_context``."""
DISTANCE: Final = "distance"
"""Of `VOICE_MEASURES`: beyond 1 a window is unlike all that the model knows."""
EVIDENCE: Final = ("snr_db", "clipping", *VOICE_MEASURES)
"""Further columns of the readings."""
LEAST_SPEECH_S: Final = MIN_SPEECH_S
"""A window with less speech than this is not judged.

It is the shortest speech that the detector gives, so that all speech is heard by some window. It is
no setting: how much speech an interval needs (`min_speech_s`) is decided later, on stored readings.
"""


def read_speech(
    track: AudioTrack | None,
    vad: VoiceActivityDetector,
    model: VoiceEmotionModel | None,
    settings: SpeechSettings,
    *,
    witness: VoiceEmotionModel | None = None,
    keep: KeepVoice | None = None,
    duration_s: float | None = None,
    progress: ProgressCallback | None = None,
) -> SpeechTrack:
    """Find the speech of a recording and judge the windows that hold enough of it.

    The track is read piece by piece: memory grows with the readings, not with the samples.

    Parameters
    ----------
    track
        The sound, or None for a recording without any.
    vad
        Finds the speech.
    model
        Judges the windows; None leaves them without probabilities.
    settings
        Hop of the windows, what they are judged against, and whether pitch and loudness are
        measured; how much speech an interval needs plays no part here.
    witness
        Judges the same windows beside `model`; None for nobody.
    keep
        Is given the features of all windows, in order, from a `model` that is an
        `EmbeddingVoiceModel`; None where nobody wants them.
    duration_s
        Length of the recording, the total that progress is told; None takes the track's end.
        The readings cover the whole sound, also where it outlasts the picture.
    progress
        Is told ``("speech", done, total)`` while speech is sought and ``("voice", done, total)``
        while windows are judged, ``("sound", done, total)`` while pitch and loudness are measured.

    Returns
    -------
    Readings; without a track no window and no span, without a model no label and probabilities
    of shape (M, 0). Windows with less speech than `LEAST_SPEECH_S` are not judged: their
    probabilities are NaN, also those of the witness. `extra` holds ``snr_db`` and ``clipping`` of
    the same windows, also without a model, and the first model's `VOICE_MEASURES`, NaN where it has
    none; those of a witness that has some are there as `WITNESS_MEASURE` names them. `with_sound`
    says what is added where pitch and loudness are measured.

    Raises
    ------
    SpeechStageError
        When the model wants another sample rate, or a part cannot deal with the sound.
    ModelError
        When inference fails.
    """
    if track is None:
        silent = _nothing_heard(model, witness)
        return with_sound(silent, None) if settings.acoustics else silent
    _refuse_other_rates((model, witness), track.sample_rate_hz)
    total_s = track.end_s if duration_s is None else duration_s
    speech = vad.detect(_WatchedTrack(track, DETECTING, total_s, progress))
    watched = _WatchedTrack(track, JUDGING, total_s, progress)
    readings = _judged_windows(watched, speech, model, witness, settings, keep)
    if not settings.acoustics:
        return readings
    return with_sound(readings, _WatchedTrack(track, MEASURING, total_s, progress))


def _judged_windows(
    track: AudioTrack,
    speech: tuple[Span, ...],
    model: VoiceEmotionModel | None,
    witness: VoiceEmotionModel | None,
    settings: SpeechSettings,
    keep: KeepVoice | None,
) -> SpeechTrack:
    """Readings of all windows; those with enough speech are judged, then held against the rest."""
    windows = window_grid(
        track.start_s,
        track.end_s,
        window_s=WINDOW_WITHOUT_MODEL_S if model is None else model.min_window_s,
        hop_s=settings.speech_hop_s,
    )
    start_s = np.array([window.start_s for window in windows], dtype=np.float64)
    end_s = np.array([window.end_s for window in windows], dtype=np.float64)
    speech_s = speech_seconds(speech, start_s, end_s)
    chosen = np.flatnonzero(speech_s >= LEAST_SPEECH_S - TOUCHING_S)
    judged, second, extra = _judge_windows(track, windows, chosen, speech, model, witness, keep)
    if settings.speech_context == WHOLE_RECORDING:
        beside = extra.get(WITNESS_MEASURE[DISTANCE])
        judged = _settled(model, judged, extra[DISTANCE], speech_s, speech)
        second = _settled(witness, second, beside, speech_s, speech)
    return SpeechTrack(
        _labels(model),
        start_s,
        end_s,
        speech_s,
        judged,
        speech,
        extra,
        _beside(witness, second),
    )


def _nothing_heard(
    model: VoiceEmotionModel | None, witness: VoiceEmotionModel | None
) -> SpeechTrack:
    """Readings of a recording without sound."""
    nothing = np.zeros(0)
    extra = {name: np.zeros(0, dtype=np.float32) for name in EVIDENCE}
    beside = _beside(witness, _unknown(0, witness))
    unknown = _unknown(0, model)
    return SpeechTrack(_labels(model), nothing, nothing, nothing, unknown, (), extra, beside)


def _refuse_other_rates(judges: Sequence[VoiceEmotionModel | None], rate_hz: int) -> None:
    for judge in judges:
        if judge is not None and judge.sample_rate_hz != rate_hz:
            raise SpeechStageError(
                "speech.model_rate",
                model=judge.record.name,
                wanted_hz=judge.sample_rate_hz,
                given_hz=rate_hz,
            )


def _judge_windows(
    track: AudioTrack,
    windows: Sequence[Span],
    chosen: IntArray,
    speech: Sequence[Span],
    model: VoiceEmotionModel | None,
    witness: VoiceEmotionModel | None,
    keep: KeepVoice | None,
) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
    """Probabilities (M, K) by either model, and evidence; NaN for windows that are not `chosen`."""
    probabilities, second = _unknown(len(windows), model), _unknown(len(windows), witness)
    power = np.full((len(windows), 3), np.nan)
    measures = {name: np.full(len(windows), np.nan, np.float32) for name in VOICE_MEASURES}
    own = dict(zip(VOICE_MEASURES, VOICE_MEASURES, strict=True))
    judges = ((model, probabilities, own), (witness, second, WITNESS_MEASURE))
    feed = None
    if keep is not None and model is not None:
        assert isinstance(model, EmbeddingVoiceModel)
        feed = _FeatureFeed(model, windows, keep)
    on_card = model is not None and model.record.device == "cuda"
    number = CLIPS_ON_A_CARD if on_card else CLIPS_AT_ONCE
    for at in range(0, len(chosen), number):
        places = chosen[at : at + number]
        clips = [track.read(windows[place]) for place in places]
        for place, clip in zip(places, clips, strict=True):
            found = window_power(clip, windows[place], speech, track.sample_rate_hz)
            power[place] = (found.speech, found.noise, found.clipping)
        for judge, table, names in judges:
            if judge is None:
                continue
            if feed is not None and judge is model:
                scores = feed.judged(places, clips)
            else:
                scores = _judged(judge, clips)
            table[places] = scores.probabilities
            for name, values in scores.measures.items():
                if names[name] not in measures:
                    measures[names[name]] = np.full(len(windows), np.nan, np.float32)
                measures[names[name]][places] = values
    if feed is not None:
        feed.finish()
    centre_s = np.array([window.centre_s for window in windows])
    snr_db = signal_to_noise_db(power[:, 0], power[:, 1], centre_s)
    clipping = power[:, 2].astype(np.float32)
    return probabilities, second, {"snr_db": snr_db, "clipping": clipping, **measures}


def _labels(model: VoiceEmotionModel | None) -> tuple[str, ...]:
    return () if model is None else tuple(model.labels)


def _unknown(windows: int, model: VoiceEmotionModel | None) -> FloatArray:
    return np.full((windows, len(_labels(model))), np.nan, dtype=np.float32)


def _judged(model: VoiceEmotionModel, clips: Sequence[FloatArray]) -> VoiceScores:
    scores = (
        model.measure(clips)
        if isinstance(model, MeasuringVoiceModel)
        else VoiceScores(model.predict(clips))
    )
    return _checked(model, scores, len(clips))


def _checked(model: VoiceEmotionModel, scores: VoiceScores, count: int) -> VoiceScores:
    shape = scores.probabilities.shape
    if shape != (count, len(model.labels)) or not np.isfinite(scores.probabilities).all():
        raise SpeechStageError(
            "speech.probabilities", model=model.record.name, shape=shape, count=count
        )
    return scores


class _FeatureFeed:
    """Hands on the features of all windows while a model judges those that hold speech."""

    def __init__(
        self, model: EmbeddingVoiceModel, windows: Sequence[Span], keep: KeepVoice
    ) -> None:
        self._model, self._windows, self._keep = model, windows, keep
        self._next = 0

    def judged(self, places: IntArray, clips: Sequence[FloatArray]) -> VoiceScores:
        scores, features = self._model.embed(clips)
        self._hand_on(int(places[-1]) + 1, places, features)
        return _checked(self._model, scores, len(clips))

    def finish(self) -> None:
        nothing = np.zeros((0, self._model.feature_width), np.float32)
        self._hand_on(len(self._windows), np.zeros(0, np.int64), nothing)

    def _hand_on(self, end: int, places: IntArray, features: FloatArray) -> None:
        windows = self._windows[self._next : end]
        rows = np.full((len(windows), self._model.feature_width), np.nan, np.float32)
        rows[places - self._next] = features
        start_s = np.array([window.start_s for window in windows], np.float64)
        end_s = np.array([window.end_s for window in windows], np.float64)
        self._keep(VoiceFeatures(start_s, end_s, rows))
        self._next = end


def _settled(
    model: VoiceEmotionModel | None,
    judged: FloatArray,
    distance: FloatArray | None,
    speech_s: DoubleArray,
    speech: Sequence[Span],
) -> FloatArray:
    """Readings held against the recording, where the model knows how.

    Windows that the model itself finds unlike all that it knows, music for one, are not this voice.
    """
    if not isinstance(model, SettlingVoiceModel):
        return judged
    like_s = speech_s if distance is None else np.where(distance > 1.0, 0.0, speech_s)
    share = like_s.sum() / speech_s.sum() if speech_s.any() else 0.0
    return model.settle(judged, like_s, share * sum(span.duration_s for span in speech))


def _beside(witness: VoiceEmotionModel | None, table: FloatArray) -> WitnessReadings | None:
    return None if witness is None else WitnessReadings(tuple(witness.labels), table)


class _WatchedTrack:
    """An audio track that tells how far it has been read, also when parts are read again."""

    def __init__(
        self, track: AudioTrack, stage: str, total_s: float, progress: ProgressCallback | None
    ) -> None:
        self.sample_rate_hz = track.sample_rate_hz
        self._track, self._stage, self._total_s = track, stage, total_s
        self._progress, self._reached_s = progress, track.start_s

    @property
    def outcome(self) -> DecodeOutcome:
        return self._track.outcome

    @property
    def start_s(self) -> float:
        return self._track.start_s

    @property
    def end_s(self) -> float:
        return self._track.end_s

    def read(self, span: Span) -> FloatArray:
        samples = self._track.read(span)
        if self._progress is not None:
            self._reached_s = max(self._reached_s, span.end_s)
            self._progress(self._stage, min(self._reached_s, self._total_s), self._total_s)
        return samples

    def close(self) -> None:
        self._track.close()
