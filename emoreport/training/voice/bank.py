"""The feature bank: mel spectrograms of every clip and its degraded variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoreport.training.voice.data import Clip
from emoreport.training.voice.features import SILENCE_POWER, MelPower

Degrade = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Bank:
    """Mel spectrograms of clips, one or more variants each.

    Attributes
    ----------
    frames
        (total frames, bands) float16, mel power in decibels; half precision is 0.06 dB there.
    starts, lengths
        (clips, variants) int64, where each spectrogram lies in ``frames``. Variant 0 is the clip
        as recorded.
    labels
        (clips,) int64 indices into ``TRAINED_LABELS``.
    speakers, corpora
        One name per clip.
    """

    frames: Tensor
    starts: Tensor
    lengths: Tensor
    labels: Tensor
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]

    def spectrogram_db(self, clip: int, variant: int = 0) -> Tensor:
        """One spectrogram, (bands, frames) float32, decibels."""
        start, length = int(self.starts[clip, variant]), int(self.lengths[clip, variant])
        return self.frames[start : start + length].T.float()

    def of_speakers(self, speakers: frozenset[str], *, left_out: bool) -> Tensor:
        """Indices of the clips of the given speakers, or of everybody else's."""
        chosen = [i for i, name in enumerate(self.speakers) if (name in speakers) != left_out]
        return torch.tensor(chosen, dtype=torch.long)


def build_bank(
    clips: Sequence[Clip], mel: MelPower, variants: int, degrade: Degrade, seed: int
) -> Bank:
    """Analyse every clip once as recorded and ``variants`` times degraded.

    Parameters
    ----------
    clips
        Labelled speech.
    mel
        The front end that the exported graph will hold.
    variants
        Number of degraded copies per clip, 0 or more.
    degrade
        Makes one degraded copy of (T,) float32 samples in [-1, 1].
    seed
        Seeds each clip's own generator, so that the bank does not depend on the clips' order.
    """
    spectra: list[Tensor] = []
    for number, clip in enumerate(clips):
        samples = (clip.samples / 32768.0).astype(np.float32)
        rng = np.random.default_rng((seed, number))
        copies = [samples, *(degrade(samples, rng) for _ in range(variants))]
        spectra.extend(mel_db(mel, copy).T.half() for copy in copies)
    lengths = torch.tensor([len(spectrum) for spectrum in spectra])
    starts = torch.cumsum(lengths, 0) - lengths
    return Bank(
        frames=torch.cat(spectra),
        starts=starts.reshape(len(clips), variants + 1),
        lengths=lengths.reshape(len(clips), variants + 1),
        labels=torch.tensor([clip.label for clip in clips]),
        speakers=tuple(clip.speaker for clip in clips),
        corpora=tuple(clip.corpus for clip in clips),
    )


def mel_db(mel: MelPower, samples: NDArray[np.float32]) -> Tensor:
    """Mel power of (T,) samples in decibels, (bands, frames) float32."""
    with torch.no_grad():
        power = mel(torch.from_numpy(np.ascontiguousarray(samples, np.float32))[None])[0]
    return 10.0 * torch.log10(power + SILENCE_POWER)


def sampling_weights(bank: Bank, chosen: Tensor) -> Tensor:
    """How often to draw each chosen clip: (clips,) float64, sums to 1.

    Corpora share the draws by the square root of their size, so that a large one leads without
    drowning the others; within a corpus every emotion is drawn equally often.
    """
    keys = [(bank.corpora[i], int(bank.labels[i])) for i in chosen.tolist()]
    in_corpus: dict[str, int] = {}
    in_class: dict[tuple[str, int], int] = {}
    for key in keys:
        in_corpus[key[0]] = in_corpus.get(key[0], 0) + 1
        in_class[key] = in_class.get(key, 0) + 1
    classes = {corpus: sum(key[0] == corpus for key in in_class) for corpus in in_corpus}
    weights = [in_corpus[key[0]] ** 0.5 / classes[key[0]] / in_class[key] for key in keys]
    total = torch.tensor(weights, dtype=torch.float64)
    return total / total.sum()


def cut_out(
    bank: Bank,
    clips: Tensor,
    n_frames: int,
    clean_share: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Random stretches of the given clips, as recorded (at least ``clean_share``) or degraded.

    A clip shorter than the stretch is repeated, which shows the network no artificial silence.

    Returns
    -------
    spectra
        (clips, bands, n_frames) float32, decibels.
    labels
        (clips,) int64.
    """
    n_variants = bank.starts.shape[1]
    variants = torch.randint(n_variants, clips.shape, generator=generator)
    variants = variants * (torch.rand(clips.shape, generator=generator) >= clean_share)
    starts, lengths = bank.starts[clips, variants], bank.lengths[clips, variants]
    slack = torch.where(lengths > n_frames, lengths - n_frames + 1, lengths)
    offsets = (torch.rand(clips.shape, generator=generator) * slack).long()
    places = (offsets[:, None] + torch.arange(n_frames)) % lengths[:, None] + starts[:, None]
    return bank.frames[places].float().transpose(1, 2), bank.labels[clips]
