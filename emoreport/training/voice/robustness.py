"""How left-out recall holds up under degraded sound and in short windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from emoreport.training.voice import augment
from emoreport.training.voice.bank import Bank, build_bank
from emoreport.training.voice.crossval import cross_validate
from emoreport.training.voice.data import Clip
from emoreport.training.voice.evaluate import LeftOut, mean_over_groups
from emoreport.training.voice.features import FrontEnd, MelPower
from emoreport.training.voice.network import VoiceNet

Samples = NDArray[np.float32]
Change = Callable[[Samples, np.random.Generator], Samples]

CONDITIONS: dict[str, Change] = {
    "as recorded": lambda samples, _: samples,
    "gain −20 dB": lambda samples, _: (samples * 0.1).astype(np.float32),
    "room, 0.5 s, direct 0 dB": lambda samples, rng: augment.add_room(samples, 0.5, 0.0, rng),
    "noise, 20 dB": lambda samples, rng: augment.add_noise(samples, 20.0, rng),
    "noise, 10 dB": lambda samples, rng: augment.add_noise(samples, 10.0, rng),
    "music bed, 15 dB": lambda samples, rng: augment.add_music(samples, 15.0, rng),
    "telephone band": lambda samples, _: augment.telephone(samples),
    "AAC 32 kbit/s": lambda samples, _: augment.pass_codec(samples, "aac", 32_000),
    "Opus 12 kbit/s": lambda samples, _: augment.pass_codec(samples, "libopus", 12_000),
}
WINDOWS_S = (1.0, 2.0, 3.0, None)


def recall_by_condition(
    clips: Sequence[Clip],
    networks: Mapping[int, Sequence[VoiceNet]],
    front_end: FrontEnd,
    every: int = 7,
) -> dict[str, dict[str, float]]:
    """Macro recall (mean of folds) per corpus under each of ``CONDITIONS``.

    Parameters
    ----------
    clips
        All clips; every ``every``-th one is used. Seven is prime to the 18 actors whom RAVDESS
        lists in turn, so that all of them are among those.
    networks
        Fold → the networks that never heard the fold's speakers.
    front_end
        Geometry of the features.
    """
    some, mel = clips[::every], MelPower(front_end)
    everybody = [clip.speaker for clip in clips]
    table = {}
    for name, change in CONDITIONS.items():
        changed = [_changed(clip, change, seed) for seed, clip in enumerate(some)]
        bank = build_bank(changed, mel, 0, augment.degrade, seed=0)
        table[name] = _means(cross_validate(bank, networks, everybody=everybody))
    return table


def recall_by_window(
    bank: Bank, networks: Mapping[int, Sequence[VoiceNet]], front_end: FrontEnd
) -> dict[str, dict[str, float]]:
    """Macro recall (mean of folds) per corpus of the middle 1, 2, 3 s of each clip, and of all."""
    table = {}
    for window_s in WINDOWS_S:
        longest = None if window_s is None else round(window_s * front_end.frames_per_s)
        said = cross_validate(bank, networks, longest_frames=longest)
        table["all" if window_s is None else f"{window_s:g} s"] = _means(said)
    return table


def _means(said: LeftOut) -> dict[str, float]:
    return {
        str(corpus): round(mean_over_groups(own, own.folds), 3)
        for corpus in np.unique(said.corpora)
        for own in (said.select(said.corpora == corpus),)
    }


def _changed(clip: Clip, change: Change, seed: int) -> Clip:
    samples = change((clip.samples / 32768.0).astype(np.float32), np.random.default_rng(seed))
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    return Clip(pcm, clip.label, clip.speaker, clip.corpus)
