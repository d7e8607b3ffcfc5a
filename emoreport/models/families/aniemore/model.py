"""The voice-emotion model over a checkpoint, in whichever runtime it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.families.aniemore.batches import Batch, batches, prepared
from emoreport.models.families.aniemore.checkpoint import (
    Checkpoint,
    local_aniemore,
    read_checkpoint,
)
from emoreport.models.families.aniemore.runners import (
    GraphRunner,
    Runner,
    TorchRunner,
    graphics_card,
)
from emoreport.models.families.voice_clips import SHORTEST_CLIP_S
from emoreport.models.runtimes.classifiers import softmax
from emoreport.models.runtimes.forms import FLOAT32, TORCH, Form, command, optimized_form
from emoreport.models.store.registry import PulledModel
from emoreport.records import SAMPLE_RATE_HZ, FloatArray, IntArray, ModelRecord

AUTO: Final = "auto"
LOCAL: Final = "local"
"""Version of a model in a folder of the user's own."""


def open_aniemore(
    pulled: PulledModel,
    *,
    runtime: str = "auto",
    device: str = "auto",
    threads: int = 0,
    reason: str = "",
) -> AniemoreVoiceModel:
    """Open a checkpoint of the Aniemore layout.

    Parameters
    ----------
    pulled
        Its files on this machine, or a local folder in the published layout.
    runtime
        ``auto``: the form that `emoreport models optimize` chose for this model, where it made
        one and no graphics card is used, else torch. ``torch``: torch in float32.
        ``onnxruntime``, ``openvino``: the form that was exported for it.
    device
        ``auto``, ``cpu`` or ``cuda``; ``cuda`` is never replaced by ``cpu``.
    threads
        Threads inside one run; 0 lets the runtime choose. Torch keeps one such number for the
        whole process.
    reason
        Why this model was chosen, for run.json.

    Raises
    ------
    ModelError
        When the files do not fit together or the registry, an exported form is asked for that
        was not made, or a form no longer fits the files or the runtime here. Nothing else runs in
        its place.
    """
    if not pulled.files:
        pulled = local_aniemore(pulled.folder)
    checkpoint = read_checkpoint(pulled)
    form = _form(pulled, runtime, device)
    runner = open_form(checkpoint, form, device=device, threads=threads)
    return AniemoreVoiceModel(checkpoint, runner, {**pulled.files, **form.files}, pulled, reason)


def open_form(checkpoint: Checkpoint, form: Form, *, device: str, threads: int) -> Runner:
    """Open one form of a checkpoint; see `open_aniemore`."""
    if form.graph is None:
        return TorchRunner(checkpoint, device=device, threads=threads, precision=form.precision)
    return GraphRunner(form, device=device, threads=threads)


class AniemoreVoiceModel:
    """A voice-emotion model over wav2vec 2.0, WavLM or HuBERT.

    Parameters
    ----------
    checkpoint
        What the model is.
    runner
        What runs it.
    files
        ``{file name: SHA-256}`` of everything that took part.
    pulled
        Where it comes from.
    reason
        Why it was chosen.
    """

    sample_rate_hz: int = SAMPLE_RATE_HZ

    def __init__(
        self,
        checkpoint: Checkpoint,
        runner: Runner,
        files: Mapping[str, str],
        pulled: PulledModel,
        reason: str = "",
    ) -> None:
        self._checkpoint, self._runner = checkpoint, runner
        self.labels = checkpoint.labels
        self.min_window_s = checkpoint.min_window_s
        self.max_window_s = checkpoint.max_window_s
        self.record = ModelRecord(
            name=checkpoint.name,
            kind="voice",
            version=pulled.revision or LOCAL,
            labels=checkpoint.labels,
            files=dict(files),
            runtime=runner.runtime,
            device=runner.device,
            licence="" if pulled.registered is None else pulled.registered.weights_licence,
            reason=reason,
        )

    def predict(self, clips: Sequence[FloatArray]) -> FloatArray:
        """Emotion probabilities of N clips, each judged on its own.

        A clip below one second is repeated end to end up to that length. Clips that run together
        get the answers that they get alone, to 1e-4 in float32. A class that is no emotion takes
        no share: the others sum to 1 without it.

        Parameters
        ----------
        clips
            N mono clips at 16 kHz, float32 (n_i,), [-1, 1], n_i ≥ 1.

        Returns
        -------
        float32 (N, K); rows sum to 1; columns follow `labels`.

        Raises
        ------
        SpeechStageError
            When a clip is empty, not mono or not finite.
        ModelError
            When inference fails or gives something other than finite logits.
        """
        ready = [prepared_clip(self._checkpoint, clip) for clip in clips]
        probabilities = np.empty((len(ready), len(self.labels)), dtype=np.float32)
        for batch in batches(ready, masks=self._checkpoint.masks):
            frames = own_frames(self._checkpoint, batch)
            logits = np.asarray(self._runner.logits(batch.audio, frames), dtype=np.float64)
            wanted = (len(batch.places), len(self._checkpoint.classes))
            if logits.shape != wanted or not np.isfinite(logits).all():
                raise ModelError(
                    f"inference gave unusable output of shape {logits.shape}",
                    file=self._checkpoint.folder,
                )
            probabilities[batch.places] = softmax(logits[:, self._checkpoint.emotions])
        return probabilities


def prepared_clip(checkpoint: Checkpoint, clip: FloatArray) -> FloatArray:
    """One clip in the form that the network reads; see `prepared`."""
    shortest = max(round(SHORTEST_CLIP_S * SAMPLE_RATE_HZ), checkpoint.shortest_samples)
    return prepared(clip, shortest=shortest, normalise=checkpoint.normalise)


def own_frames(checkpoint: Checkpoint, batch: Batch) -> IntArray | None:
    """Frames of each clip, int64 (N,), where the model is told of them."""
    if not checkpoint.masks:
        return None
    return np.array([checkpoint.frames(int(samples)) for samples in batch.samples], dtype=np.int64)


def _form(pulled: PulledModel, runtime: str, device: str) -> Form:
    """Which form runs; see `open_aniemore`."""
    plain = Form(TORCH, FLOAT32)
    if runtime == TORCH or (runtime == AUTO and device == "cuda"):
        return plain
    form = optimized_form(pulled, runtime)
    if form is None and runtime != AUTO:
        raise ModelError(
            f"no form of {pulled.name} for {runtime} was made",
            remedy=f"{command(pulled)} makes it, --speech-runtime torch does without",
            file=pulled.folder,
        )
    # The forms were chosen among those for the processor.
    if form is None or (runtime == AUTO and device == AUTO and graphics_card()):
        return plain
    return form
