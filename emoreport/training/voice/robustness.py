"""Under which conditions left-out recall is measured besides the recordings themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emoreport.training.voice import augment
from emoreport.training.voice.data import Clip
from emoreport.training.voice.metrics import LeftOut, mean_over_groups

Samples = NDArray[np.float32]
Change = Callable[[Samples, np.random.Generator], Samples]

UNCHANGED = "as recorded"
CONDITIONS: dict[str, Change] = {
    UNCHANGED: lambda samples, _: samples,
    "gain −20 dB": lambda samples, _: (samples * 0.1).astype(np.float32),
    "room, 0.5 s, direct 0 dB": lambda samples, rng: augment.add_room(samples, 0.5, 0.0, rng),
    "noise, 20 dB": lambda samples, rng: augment.add_noise(samples, 20.0, rng),
    "noise, 10 dB": lambda samples, rng: augment.add_noise(samples, 10.0, rng),
    "white noise, 20 dB": lambda samples, rng: augment.add_white_noise(samples, 20.0, rng),
    "white noise, 10 dB": lambda samples, rng: augment.add_white_noise(samples, 10.0, rng),
    "music bed, 15 dB": lambda samples, rng: augment.add_music(samples, 15.0, rng),
    "telephone band": lambda samples, _: augment.telephone(samples),
    "AAC 32 kbit/s": lambda samples, _: augment.pass_codec(samples, "aac", 32_000),
    "Opus 12 kbit/s": lambda samples, _: augment.pass_codec(samples, "libopus", 12_000),
}
WINDOWS_S = (1.0, 2.0, 3.0)


def means_per_corpus(said: LeftOut) -> dict[str, float]:
    """Macro recall of every corpus, mean of its folds."""
    return {
        str(corpus): round(mean_over_groups(own, own.folds), 3)
        for corpus in np.unique(said.corpora)
        for own in (said.select(said.corpora == corpus),)
    }


def changed(clip: Clip, change: Change, seed: int) -> Clip:
    """The clip after a change, in 16-bit samples again."""
    samples = change((clip.samples / 32768.0).astype(np.float32), np.random.default_rng(seed))
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    return Clip(pcm, clip.label, clip.speaker, clip.corpus)
