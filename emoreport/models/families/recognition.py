"""Speech recognisers in ONNX form, run by `onnx-asr` from the files of the store.

`onnx-asr` (Stupakov, MIT licence) brings the front ends, the searches and the layouts of the
published graphs. It is given our files one by one: its own search for files and its downloads are
never used.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.messages import Phrase
from emoreport.models.runtimes.onnx_runtime import CPU, CUDA, NO_CUDA, built_for_cuda, make_options
from emoreport.models.store.registry import PulledModel
from emoreport.records import SAMPLE_RATE_HZ, FloatArray, IntArray, ModelRecord

EXTRA: Final = "words"
SHORTEST_CLIP_S: Final = 0.5
"""Shorter clips are filled up with silence: some front ends need more than one window."""
LAYOUTS: Final[Mapping[str, tuple[str, str]]] = {
    "gigaam-ctc": ("gigaam", "GigaamV2Ctc"),
    "gigaam-rnnt": ("gigaam", "GigaamV2Rnnt"),
    "kaldi-rnnt": ("kaldi", "KaldiTransducer"),
    "t-one-ctc": ("tone", "TOneCtc"),
    "nemo-tdt": ("nemo", "NemoConformerTdt"),
    "whisper": ("whisper", "WhisperHf"),
}
"""Module and class of `onnx_asr.models` that run a layout."""


@dataclass(frozen=True, slots=True)
class HeardToken:
    """One token of what a recogniser heard.

    Attributes
    ----------
    text
        Its characters; a space begins a word.
    start_s, end_s
        Seconds from the start of the clip.
    probability
        0–1; NaN where the model tells none.
    """

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class HeardClip:
    """What a recogniser heard in one clip; `tokens` is None for a model that gives no times."""

    text: str
    tokens: tuple[HeardToken, ...] | None


def open_recognition(
    pulled: PulledModel,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
    reason: str = "",
) -> RecognitionModel:
    """Open a recogniser of the registry.

    Parameters
    ----------
    pulled
        Its files; ``details.parts`` of the registry says what each is for.
    runtime
        ``auto`` or ``onnxruntime``.
    device
        ``cpu``; ``cuda``; or ``auto``: CUDA where this build of ONNX Runtime has it.
    threads
        Threads inside one run; 0 lets ONNX Runtime choose.
    reason
        Why this model was chosen, for run.json.

    Raises
    ------
    ModelError
        When `onnx-asr` is missing, the files do not fit together, or the runtime or the device is
        not available.
    """
    if pulled.registered is None:
        raise ModelError("models.recogniser_folder", file=pulled.folder)
    if find_spec("onnx_asr") is None:
        raise ModelError("models.needs_extra", model=pulled.name, extra=EXTRA)
    if runtime not in {"auto", "onnxruntime"}:
        raise ModelError("models.recogniser_runtime", runtime=runtime, file=pulled.folder)
    if device == "cuda" and not built_for_cuda():
        why = Phrase("errors.models.cuda.not_built")
        raise ModelError("models.no_cuda", why=why, remedy=NO_CUDA, file=pulled.folder)
    details = pulled.registered.details
    network = _open_network(
        pulled, details, on_cuda=device != "cpu" and built_for_cuda(), threads=threads
    )
    import onnxruntime

    record = ModelRecord(
        name=pulled.name,
        kind="words",
        version=pulled.revision,
        files=pulled.files,
        runtime=f"onnxruntime {onnxruntime.__version__}",
        device=_device(network.asr),
        licence=pulled.registered.weights_licence,
        reason=reason,
    )
    if device == "cuda" and record.device != "cuda":
        why = Phrase("errors.models.cuda.not_started", {"error": ""})
        raise ModelError("models.no_cuda", why=why, remedy=NO_CUDA, file=pulled.folder)
    return RecognitionModel(network, record, details.get("language"), pulled.folder)


class RecognitionModel:
    """A recogniser: clips of sound → text, and for most models tokens with their times.

    Parameters
    ----------
    network
        Adapter of `onnx-asr` around the graphs.
    record
        What run.json says of the model.
    language
        ISO 639-1 code of the language that it hears; None where it tells languages apart itself.
    folder
        Where its files are, for errors.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - the library is an optional part
        record: ModelRecord,
        language: str | None,
        folder: Path,
    ) -> None:
        self._network = network
        self._asr = network.asr
        self.record = record
        self.language = language
        self._folder = folder

    @property
    def has_posteriors(self) -> bool:
        """Whether it gives probabilities of every token in every frame (connectionist models)."""
        return hasattr(self._asr, "_blank_idx") and type(self._asr).__name__.endswith("Ctc")

    @property
    def tokens(self) -> Mapping[int, str]:
        """Characters of each token by number; a space begins a word."""
        return dict(self._asr._vocab)  # noqa: SLF001 - the library has no accessor

    @property
    def blank(self) -> int:
        """Number of the token that says nothing."""
        return int(self._asr._blank_idx)  # noqa: SLF001 - as above

    @property
    def step_s(self) -> float:
        """Seconds from one frame of the posteriors, or from one possible token, to the next."""
        return float(self._asr.window_step * self._asr._subsampling_factor)  # noqa: SLF001 - as above

    def hear(self, clips: Sequence[FloatArray]) -> list[HeardClip]:
        """Recognise clips, all at once.

        Parameters
        ----------
        clips
            float32 (n,) each, mono, 16 kHz, [-1, 1].

        Raises
        ------
        ModelError
            When the network cannot be run.
        """
        if not clips:
            return []
        if self.has_posteriors:
            return [self._read_path(frames) for frames in self.posteriors(clips)]
        try:
            results = self._network.with_timestamps().recognize(_long_enough(clips))
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise self._failed(error) from error
        return [self._from_result(result) for result in results]

    def posteriors(self, clips: Sequence[FloatArray]) -> list[FloatArray]:
        """Log probabilities of every token in every frame of each clip, float32 (T, V).

        Raises
        ------
        ModelError
            When the network cannot be run, or is of another kind.
        """
        if not self.has_posteriors:
            raise ModelError("models.no_posteriors", model=self.record.name, file=self._folder)
        from onnx_asr.utils import pad_list

        asr = self._asr
        try:
            sound = self._network.resampler(*pad_list(_long_enough(clips)), SAMPLE_RATE_HZ)
            frames, lengths = asr._encode(*asr._preprocessor(*sound))  # noqa: SLF001 - as above
        except Exception as error:  # as above
            raise self._failed(error) from error
        return [clip[:length] for clip, length in zip(frames, lengths, strict=True)]

    def _read_path(self, frames: FloatArray) -> HeardClip:
        """The best token of every frame; neighbours that are the same are one token."""
        best: IntArray = frames.argmax(axis=1)
        chosen = np.exp(frames.max(axis=1))
        bounds = [0, *(1 + np.flatnonzero(np.diff(best))), len(best)] if len(best) else [0]
        vocabulary, blank, step_s = self.tokens, self.blank, self.step_s
        tokens = tuple(
            HeardToken(
                vocabulary[int(best[begin])],
                float(begin * step_s),
                float(end * step_s),
                float(chosen[begin:end].max()),
            )
            for begin, end in itertools.pairwise(bounds)
            if best[begin] != blank
        )
        return HeardClip(_text(tokens), tokens)

    def _from_result(self, result: Any) -> HeardClip:  # noqa: ANN401 - the library's type is optional
        if result.timestamps is None:
            return HeardClip(result.text, None)
        tokens, step_s = [], self.step_s
        chances = result.logprobs or [np.nan] * len(result.timestamps)
        ends = [*result.timestamps[1:], np.inf][: len(result.timestamps)]
        for text, start_s, next_s, logarithm in zip(
            result.tokens, result.timestamps, ends, chances, strict=True
        ):
            # Several tokens of one frame share it; a later one does not cut them to nothing.
            end_s = start_s + step_s if next_s <= start_s else min(start_s + step_s, next_s)
            tokens.append(HeardToken(text, start_s, end_s, float(np.exp(logarithm))))
        return HeardClip(result.text, tuple(tokens))

    def _failed(self, error: Exception) -> ModelError:
        return ModelError("models.run_fails_reported", error=error, file=self._folder)


def _text(tokens: Sequence[HeardToken]) -> str:
    return " ".join("".join(token.text for token in tokens).split())


def _long_enough(clips: Sequence[FloatArray]) -> list[FloatArray]:
    least = round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ)
    return [np.pad(np.asarray(clip, np.float32), (0, max(0, least - len(clip)))) for clip in clips]


def _open_network(
    pulled: PulledModel, details: Mapping[str, Any], *, on_cuda: bool, threads: int
) -> Any:  # noqa: ANN401 - the library is an optional part
    from onnx_asr.adapters import TextResultsAsrAdapter
    from onnx_asr.loader import Manager

    module, name = LAYOUTS[details["layout"]]
    files = {part: pulled.folder / file for part, file in details["parts"].items()}
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        raise ModelError("models.lacks", names=", ".join(missing), file=pulled.folder)
    options = {"sess_options": make_options(threads), "provider_options": None}
    # What prepares the sound is small and runs on the processor in any case.
    manager = Manager(sess_options=make_options(threads), providers=[CPU])
    try:
        network = getattr(import_module(f"onnx_asr.models.{module}"), name)(
            files,
            manager._create_preprocessor,  # noqa: SLF001 - the library has no accessor
            {**options, "providers": [CUDA, CPU] if on_cuda else [CPU]},
        )
        resampler = manager._create_resampler(network._get_sample_rate())  # noqa: SLF001 - as above
    except Exception as error:  # ONNX Runtime's errors have no common base of their own
        raise ModelError("models.not_loaded", error=error, file=pulled.folder) from error
    return TextResultsAsrAdapter(network, resampler)


def _device(asr: Any) -> str:  # noqa: ANN401 - the library is an optional part
    """Where the first graph of a network really runs."""
    import onnxruntime

    for part in vars(asr).values():
        if isinstance(part, onnxruntime.InferenceSession):
            return "cuda" if CUDA in part.get_providers() else "cpu"
    return "cpu"
