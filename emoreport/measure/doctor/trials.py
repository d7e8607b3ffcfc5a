"""Short runs of every part that an analysis needs: whether it runs, on what, and how fast."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import EmoreportError
from emoreport.records import (
    SAMPLE_RATE_HZ,
    AudioTrack,
    FaceEmotionModel,
    FloatArray,
    ModelRecord,
    RgbImage,
    Span,
    TextEmotionModel,
    TextLine,
    VoiceEmotionModel,
)
from emoreport.settings import Settings

RUNS: Final = 3
"""Runs that are timed, after one that is not."""
FRAME_PX: Final = (640, 360)
FRAME_RATE_HZ: Final = 10
TONE_HZ: Final = 220.0
LEVEL: Final = 0.3
SPEECH: Final = (Span(0.0, 1.0),)
SENTENCE: Final = "Сегодня мы говорим о работе."
"""The models of words and text are for Russian."""
TOLERANCE: Final = 1e-3
"""How far the sum of probabilities may be from 1."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one part did.

    Attributes
    ----------
    part
        ``decoding``, ``face_detector``, ``actions``, ``face_model``, ``speech_detector``,
        ``voice_model``, ``recogniser``, ``aligner`` or ``text_model``.
    name
        Name of the model, or of what did the work.
    load
        What it was given: ``frame``, ``face``, ``second`` (of sound) or ``sentence``;
        ``recording`` is a second of picture and sound.
    runtime, device
        What ran it, as the part itself says; "" where it did not run.
    open_ms, run_ms
        Milliseconds to open it, and of the middle one of three runs after the first; None where
        it did not run.
    error, remedy
        Why it did not run, and what helps; "" where it ran.
    """

    part: str
    name: str
    load: str
    runtime: str = ""
    device: str = ""
    open_ms: float | None = None
    run_ms: float | None = None
    error: str = ""
    remedy: str = ""

    @property
    def ran(self) -> bool:
        """Whether it gave a usable answer."""
        return not self.error


@dataclass(frozen=True, slots=True)
class _Ready:
    """An opened part: what to call, and what it says of itself."""

    run: Callable[[], object]
    name: str
    runtime: str
    device: str


Prepare = Callable[[ExitStack], _Ready]
_Judge = tuple[FaceEmotionModel | VoiceEmotionModel | TextEmotionModel, Callable[[], FloatArray]]
"""A model, and how to ask it once."""


def run_trials(
    settings: Settings,
    *,
    detectors: Sequence[str] = (),
    faces: Sequence[str] = (),
    voices: Sequence[str] = (),
    recognisers: Sequence[str] = (),
    texts: Sequence[str] = (),
    actions: bool = False,
) -> list[Trial]:
    """Run the parts of an analysis with the settings in force.

    Parameters
    ----------
    settings
        Runtime, device and threads. The network is not used, whatever they say.
    detectors, faces, voices, recognisers, texts
        What to run, as ``--face-detector``, ``--face``, ``--speech``, ``--transcript`` and
        ``--text`` take it.
    actions
        Whether to run what ``--action-model`` names.

    Returns
    -------
    One trial per part; a part that fails says why, and never keeps the others from running.
    """
    still = settings.replace(offline=True, speech_bias="none")
    with tempfile.TemporaryDirectory(prefix="emoreport-") as folder:
        path = Path(folder) / "recording.mkv"
        trials = [_trial("decoding", "PyAV", "recording", lambda _: _decoding(path))]
        trials += [_detector(still, name) for name in detectors]
        trials += [_actions(still)] if actions else []
        for name in faces:
            open_face = partial(_face_model, still.replace(face=name))
            trials.append(_judge("face_model", name, "face", open_face))
        trials.append(_trial("speech_detector", "", "second", partial(_silero, still, path)))
        for name in voices:
            open_voice = partial(_voice_model, still.replace(speech=name))
            trials.append(_judge("voice_model", name, "second", open_voice))
        for name in recognisers:
            hear = partial(_recogniser, still, name, path)
            trials.append(_trial("recogniser", name, "second", hear))
        trials.append(_trial("aligner", "", "second", partial(_aligner, path)))
    for name in texts:
        open_text = partial(_text_model, still.replace(text=name))
        trials.append(_judge("text_model", name, "sentence", open_text))
    return trials


def _trial(part: str, name: str, load: str, prepare: Prepare) -> Trial:
    try:
        with ExitStack() as stack:
            start = time.perf_counter()
            ready = prepare(stack)
            open_ms = 1000 * (time.perf_counter() - start)
            ready.run()  # the first run fills caches and is slower
            spent_ms = [_spent_ms(ready.run) for _ in range(RUNS)]
            return Trial(
                part,
                ready.name,
                load,
                ready.runtime,
                ready.device,
                round(open_ms, 2),
                round(sorted(spent_ms)[RUNS // 2], 2),
            )
    except EmoreportError as error:
        return Trial(part, name, load, error=str(error.cause), remedy=error.remedy)
    except Exception as error:  # noqa: BLE001 - a broken installation raises anything; it is told
        return Trial(part, name, load, error=f"{type(error).__name__}: {error}")


def _spent_ms(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


# --------------------------------------------------------------------------- the parts


def _decoding(path: Path) -> _Ready:
    """Write a second of picture and sound, and read it as an analysis does."""
    import av

    from emoreport.media.audio import open_audio
    from emoreport.media.probing import probe
    from emoreport.media.video import open_video

    write_recording(path)

    def run() -> None:
        with open_video(path) as video:
            frames = sum(1 for _ in video)
        track = open_audio(path, probe(path), duration_s=None)
        samples = 0 if track is None else track.outcome.frames
        if track is not None:
            track.close()
        if frames != FRAME_RATE_HZ or samples != SAMPLE_RATE_HZ:
            raise ValueError(f"{frames} frames and {samples} samples came back")

    runtime = f"PyAV {av.__version__}, FFmpeg {av.ffmpeg_version_info}"
    return _Ready(run, "PyAV", runtime, "cpu")


def _detector(settings: Settings, name: str) -> Trial:
    def prepare(stack: ExitStack) -> _Ready:
        import mediapipe
        import onnxruntime

        from emoreport.faces.detectors import DirectDetector
        from emoreport.faces.select import open_detector

        detector = open_detector(settings.replace(face_detector=name), _ignore)
        stack.callback(detector.close)
        frame = noise_picture(FRAME_PX[0], FRAME_PX[1])
        version = getattr(mediapipe, "__version__", "")
        runtime = f"mediapipe {version}".strip()
        if isinstance(detector, DirectDetector):
            runtime = f"onnxruntime {onnxruntime.__version__}, {runtime}"
        return _Ready(lambda: detector.detect(frame), detector.name, runtime, "cpu")

    return _trial("face_detector", name, "frame", prepare)


def _actions(settings: Settings) -> Trial:
    def prepare(stack: ExitStack) -> _Ready:
        from emoreport.actions.select import open_actions

        source = open_actions(settings.replace(actions=True), _ignore)
        assert source is not None
        stack.callback(source.close)
        part = noise_picture(FRAME_PX[1], FRAME_PX[1])
        record = source.record
        return _Ready(lambda: source.look(part), record.name, record.runtime, record.device)

    return _trial("actions", settings.actions.action_model, "frame", prepare)


def _silero(settings: Settings, path: Path, stack: ExitStack) -> _Ready:
    import onnxruntime

    from emoreport.speech.activity import SileroDetector

    track = stack.enter_context(_sound(path))
    detector = SileroDetector(settings.speech.speech_threshold)
    runtime = f"onnxruntime {onnxruntime.__version__}"
    return _Ready(lambda: detector.detect(track), detector.name, runtime, "cpu")


def _judge(part: str, name: str, load: str, open_judge: Callable[[], _Judge]) -> Trial:
    """Try a model that gives a distribution over its labels."""

    def prepare(_: ExitStack) -> _Ready:
        model, answer = open_judge()
        record, labels = model.record, len(model.labels)
        return _Ready(lambda: _check(answer(), labels), record.name, record.runtime, record.device)

    return _trial(part, name, load, prepare)


def _face_model(settings: Settings) -> _Judge:
    from emoreport.faces.select import open_face_model

    model = open_face_model(settings, _ignore)
    face = noise_picture(model.crop.size_px, model.crop.size_px)
    return model, lambda: model.predict([face]).probabilities


def _voice_model(settings: Settings) -> _Judge:
    from emoreport.speech.select import open_voice_model

    model = open_voice_model(settings, _ignore)
    assert model is not None
    clip = second_of_sound()
    return model, lambda: model.predict([clip])


def _text_model(settings: Settings) -> _Judge:
    from emoreport.text.select import open_text_model

    model = open_text_model(settings.words.text, settings, _ignore)
    assert model is not None
    return model, lambda: model.predict([SENTENCE])


def _recogniser(settings: Settings, name: str, path: Path, stack: ExitStack) -> _Ready:
    from emoreport.words.select import open_recogniser

    track = stack.enter_context(_sound(path))
    recogniser = open_recogniser(name, settings, _ignore)
    return _listening(recogniser.record, lambda: recogniser.transcribe(track, SPEECH))


def _aligner(path: Path, stack: ExitStack) -> _Ready:
    from emoreport.words.select import open_aligner

    track = stack.enter_context(_sound(path))
    aligner, lines = open_aligner(), [TextLine(SENTENCE)]

    def run() -> None:
        found = aligner.align(track, SPEECH, lines)
        if len(found.words) + len(found.unplaced) != len(SENTENCE.split()):
            raise ValueError(f"gave {len(found.words)} words and lost {len(found.unplaced)}")

    return _listening(aligner.record, run)


def _listening(record: ModelRecord, run: Callable[[], object]) -> _Ready:
    return _Ready(run, record.name, record.runtime, record.device)


def _check(probabilities: FloatArray, labels: int) -> None:
    """Refuse an answer that is no distribution."""
    usable = probabilities.shape == (1, labels) and bool(np.isfinite(probabilities).all())
    if not usable or abs(float(probabilities.sum()) - 1.0) > TOLERANCE:
        raise ValueError(f"gave no distribution over its {labels} labels")


def _ignore(_: str) -> None:
    """Say nothing: no model is chosen here."""


# --------------------------------------------------------------------------- what they are given


def noise_picture(width_px: int, height_px: int) -> RgbImage:
    """A picture without a face, RGB uint8 (height, width, 3)."""
    chance = np.random.default_rng(0)
    return chance.integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def second_of_sound() -> FloatArray:
    """A tone with overtones that swells, float32 (16000,), [-1, 1]."""
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = sum(np.sin(2 * np.pi * TONE_HZ * k * time_s) / k for k in range(1, 6))
    return np.asarray(LEVEL * tone * np.sin(np.pi * time_s), dtype=np.float32)


def write_recording(path: Path) -> None:
    """Write one second of noise and tone, with encoders that every FFmpeg has."""
    import av

    with av.open(path, "w") as container:
        picture: Any = container.add_stream("mpeg4", rate=FRAME_RATE_HZ)
        picture.width, picture.height = FRAME_PX
        sound: Any = container.add_stream("pcm_s16le", rate=SAMPLE_RATE_HZ, layout="mono")
        image = noise_picture(FRAME_PX[0], FRAME_PX[1])
        for index in range(FRAME_RATE_HZ):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE_HZ)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        samples: NDArray[Any] = np.round(second_of_sound() * 32767).astype(np.int16)
        piece = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        piece.sample_rate, piece.pts = SAMPLE_RATE_HZ, 0
        piece.time_base = Fraction(1, SAMPLE_RATE_HZ)
        container.mux(sound.encode(piece))
        container.mux(sound.encode(None))


@contextmanager
def _sound(path: Path) -> Iterator[AudioTrack]:
    from emoreport.media.audio import open_audio
    from emoreport.media.probing import probe

    track = open_audio(path, probe(path), duration_s=None)
    if track is None:
        raise ValueError("the recording lost its sound")
    try:
        yield track
    finally:
        track.close()
