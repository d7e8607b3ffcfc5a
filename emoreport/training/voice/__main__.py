"""Make the compact voice model from scratch: teach the encoder, train heads, measure, export.

The encoder learns without labels from a teacher (`distill`) and hears the speakers of three folds
of two corpora only; or it is read from a released graph. On it, and on plain measures of prosody,
one linear layer per fold is trained without the fold's speakers; the printed figures are those of
each layer on the speakers that it never heard, and of others on whole corpora that they never
heard. The layer shipped is the mean of those of the folds.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice import leave_out, metrics, model_files, selective
from emoreport.training.voice.augment import recut, rerecord
from emoreport.training.voice.crossval import (
    ENCODER_CORPORA,
    ENCODER_FOLDS,
    N_FOLDS,
    figures_per_corpus,
)
from emoreport.training.voice.data import Clip, read_corpora, speaker_folds
from emoreport.training.voice.distill import DistillRecipe, distill
from emoreport.training.voice.doubt import OUTPUTS, Distance, DoubtingModel, fit_doubt
from emoreport.training.voice.encoder import Encoder
from emoreport.training.voice.head import (
    HeadRecipe,
    Statistics,
    VoiceModel,
    embed,
    train_head,
)
from emoreport.training.voice.labels import LABELS
from emoreport.training.voice.metrics import LeftOut
from emoreport.training.voice.pack import pack_graph, round_weights
from emoreport.training.voice.released import read_encoder
from emoreport.training.voice.robustness import (
    CONDITIONS,
    UNCHANGED,
    WINDOWS_S,
    Change,
    changed,
    means_per_corpus,
)
from emoreport.training.voice.stamps import read_stamps
from emoreport.training.voice.teacher import TEACHER_SHA256, read_teacher

LOG = logging.getLogger(__name__)
VERSION = "3.1.0"
CHANGE_SEED = 9
EVERY = 7
"""One clip in so many serves for the tables of conditions and windows.

Prime to 18: RAVDESS lists its actors in turn, and every one of them must be among those clips.
"""
NORMALISATION = (
    "inside the graph: samples to zero mean and unit variance, log-mel cut off 80 dB below the "
    "loudest; gain has no effect"
)
DATA_TERMS = (
    "nEMO, RAVDESS, emospeech: CC BY-NC-SA 4.0; ASED, BAVED: research; festvox-ru: free use with "
    "its notice; tuxpaint-stamps: GPL-2"
)
TERMS = "weights: CC BY-NC-SA 4.0, research, non-commercial"
TEACHER = "Smart Turn 3.2 (Daily, BSD 2-Clause), first two layers, imitated"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)
    recipe, work = HeadRecipe(), options.work or options.out / "work"
    work.mkdir(parents=True, exist_ok=True)
    clips = read_corpora(options.data, work / "decoded.npz")
    clips += read_stamps(options.stamps) if options.stamps else []
    encoder = (
        read_encoder(options.encoder)
        if options.encoder
        else load_encoder(clips, options.teacher, DistillRecipe(), work / "encoder.pt")
    )
    statistics = load_statistics(clips, encoder, recipe, work / "statistics.pt")
    heads = load_heads(statistics, recipe, work / "heads.pt")
    folds = speaker_folds(statistics.speakers, N_FOLDS)
    said = left_out(statistics, heads, folds)
    elsewhere = load_elsewhere(statistics, recipe, work / "elsewhere.npz")
    figures = calibrated_figures(said, elsewhere)
    LOG.info("%s", leave_out.markdown(figures["left_out_corpora"]))
    doubt = fit_doubt(statistics, elsewhere, figures["temperature"])
    strangers = selective.unheard_speakers(statistics, folds, doubt.distance.scale_of_limit)
    for name, left, distances in (
        ("selective_on_left_out_corpora", elsewhere, doubt.elsewhere),
        ("selective_on_left_out_speakers", said, strangers),
    ):
        figures[name] = selective.figures(left, distances, figures["temperature"])
        LOG.info("%s:\n%s", name, selective.markdown(figures[name]))
    if options.conditions:
        figures.update(tables(clips, encoder, heads))
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if not options.cross_validate:
        ship(encoder, heads, doubt.distance, statistics, recipe, options.out, figures)
    return 0


def load_encoder(
    clips: Sequence[Clip], teacher: Path, recipe: DistillRecipe, stored: Path
) -> Encoder:
    """The encoder, its weights rounded to 8 bits; kept between runs."""
    if stored.exists():
        encoder = Encoder()
        encoder.load_state_dict(torch.load(stored, weights_only=True))
        encoder.eval().requires_grad_(requires_grad=False)
        return encoder
    folds = speaker_folds([clip.speaker for clip in clips], N_FOLDS)
    heard = frozenset[str]().union(*(folds[fold] for fold in ENCODER_FOLDS))
    own = [
        clip.samples for clip in clips if clip.speaker in heard and clip.corpus in ENCODER_CORPORA
    ]
    LOG.info("%d clips; the encoder learns", len(own))
    encoder = distill(read_teacher(teacher), own, recipe, stored.with_suffix(".steps"))
    round_weights(encoder)
    torch.save(encoder.state_dict(), stored)
    return encoder


def load_statistics(
    clips: Sequence[Clip], encoder: Encoder, recipe: HeadRecipe, stored: Path
) -> Statistics:
    """The encoder's statistics of all clips and their changed copies; kept between runs."""
    if stored.exists():
        return Statistics(**torch.load(stored, weights_only=True))
    changes = [rerecord] * recipe.rerecorded + [recut] * recipe.recut
    LOG.info("%d clips; running the encoder on %d copies each", len(clips), len(changes) + 1)
    statistics = embed(clips, encoder, changes, CHANGE_SEED)
    names = Statistics.__slots__
    torch.save({name: getattr(statistics, name) for name in names}, stored)
    return statistics


def load_heads(statistics: Statistics, recipe: HeadRecipe, stored: Path) -> dict[int, nn.Linear]:
    """The heads of all folds; kept between runs."""
    if stored.exists():
        heads = {}
        for fold, state in torch.load(stored, weights_only=True).items():
            heads[fold] = nn.Linear(state["weight"].shape[1], state["weight"].shape[0])
            heads[fold].load_state_dict(state)
            heads[fold].requires_grad_(requires_grad=False)
        return heads
    heads = train_heads(statistics, recipe)
    torch.save({fold: head.state_dict() for fold, head in heads.items()}, stored)
    return heads


def load_elsewhere(statistics: Statistics, recipe: HeadRecipe, stored: Path) -> LeftOut:
    """What is said of corpora left out; kept between runs."""
    names = LeftOut.__slots__
    if stored.exists():
        with np.load(stored) as kept:
            return LeftOut(**{name: kept[name] for name in names})
    said = leave_out.leave_corpora_out(statistics, recipe)
    np.savez(stored, **{name: getattr(said, name) for name in names})
    return said


def train_heads(statistics: Statistics, recipe: HeadRecipe) -> dict[int, nn.Linear]:
    """Fold → the head trained without the fold's speakers."""
    return {
        fold: train_head(
            statistics,
            statistics.of_speakers(speakers, left_out=True),
            replace(recipe, seed=recipe.seed + fold),
        )
        for fold, speakers in enumerate(speaker_folds(statistics.speakers, N_FOLDS))
    }


def left_out(
    statistics: Statistics, heads: Mapping[int, nn.Linear], folds: Sequence[frozenset[str]]
) -> LeftOut:
    """What each fold's head says about the fold's own speakers, as recorded.

    The folds are given and not dealt again: from a part of the clips some speakers may be absent,
    and then a speaker could fall to a head that has heard him.
    """
    rows: list[tuple[NDArray[np.float64], int, int]] = []
    for fold, speakers in enumerate(folds):
        clips = statistics.of_speakers(speakers, left_out=False)
        clips = clips[statistics.labels[clips] < len(LABELS)]
        with torch.no_grad():
            logits = heads[fold](statistics.values[0, clips])[:, : len(LABELS)].double().numpy()
        rows += [(row, clip, fold) for row, clip in zip(logits, clips.tolist(), strict=True)]
    clip_numbers = [clip for _, clip, _ in rows]
    return LeftOut(
        logits=np.array([row for row, _, _ in rows]),
        labels=statistics.labels[clip_numbers].numpy(),
        speakers=np.array([statistics.speakers[clip] for clip in clip_numbers]),
        corpora=np.array([statistics.corpora[clip] for clip in clip_numbers]),
        folds=np.array([fold for _, _, fold in rows]),
    )


def calibrated_figures(said: LeftOut, elsewhere: LeftOut) -> dict[str, Any]:
    """Recall and calibration on left-out speakers and on left-out corpora.

    The temperature shipped is the one for sound from elsewhere: it is what users bring.
    """
    judged = elsewhere.select(elsewhere.labels < len(LABELS))
    temperature = metrics.fit_temperature(
        judged.labels, judged.logits, metrics.corpus_weights(judged.corpora)
    )
    before, after = metrics.cross_validated_calibration(said)
    return {
        "left_out_speakers": figures_per_corpus(said),
        "left_out_corpora": leave_out.figures(elsewhere, leave_out.temperatures(elsewhere)),
        "temperature": round(temperature, 4),
        "left_out_speakers_calibration_error": {
            name: round(value, 4) for name, value in {"uncalibrated": before, **after}.items()
        },
    }


def tables(
    clips: Sequence[Clip], encoder: Encoder, heads: Mapping[int, nn.Linear]
) -> dict[str, Any]:
    """Recall per corpus under degraded sound and in short windows, on a share of the clips."""
    folds = speaker_folds([clip.speaker for clip in clips], N_FOLDS)

    def recall(change: Callable[[Clip, int], Clip]) -> dict[str, float]:
        some = [change(clip, seed) for seed, clip in enumerate(clips[::EVERY])]
        return means_per_corpus(left_out(embed(some, encoder, [], 0), heads, folds))

    conditions = {}
    for name, degradation in CONDITIONS.items():
        conditions[name] = recall(partial(_degraded, degradation))
        LOG.info("%s: %s", name, conditions[name])
    windows = {f"{window_s:g} s": recall(partial(_middle, window_s)) for window_s in WINDOWS_S}
    windows["all"] = conditions[UNCHANGED]
    return {"macro_recall_by_condition": conditions, "macro_recall_by_window": windows}


def _degraded(degradation: Change, clip: Clip, seed: int) -> Clip:
    return changed(clip, degradation, seed)


def _middle(window_s: float, clip: Clip, _seed: int) -> Clip:
    wanted = round(window_s * SAMPLE_RATE_HZ)
    start = max(0, len(clip.samples) - wanted) // 2
    return replace(clip, samples=clip.samples[start : start + wanted])


def ship(
    encoder: Encoder,
    heads: Mapping[int, nn.Linear],
    distance: Distance,
    statistics: Statistics,
    recipe: HeadRecipe,
    out: Path,
    figures: dict[str, Any],
) -> None:
    """Write encoder, mean head and distance as one graph, with its metadata, into ``out``."""
    model = DoubtingModel(VoiceModel(encoder, list(heads.values())), distance).eval()
    graph = out / model_files.GRAPH_NAME
    model_files.export_graph(model, graph, OUTPUTS)
    LOG.info("%d tensors kept in 8 bits", pack_graph(graph))
    difference = model_files.difference_to_torch(model, graph, OUTPUTS)
    LOG.info("graph and PyTorch differ by %.1e at most", difference)
    corpora = sorted(set(statistics.corpora))
    speakers = set(statistics.speakers)
    training = {
        "data": {
            corpus: f"{statistics.corpora.count(corpus)} clips, "
            f"{sum(name.startswith(corpus + '/') for name in speakers)} speakers"
            for corpus in corpora
        },
        "terms": DATA_TERMS,
        "teacher": {"name": TEACHER, "sha256": TEACHER_SHA256},
        "encoder_folds": list(ENCODER_FOLDS),
        "encoder_recipe": asdict(DistillRecipe()),
        "recipe": asdict(recipe),
        "distance": dict(zip(("limit", "power"), distance.scale_of_limit, strict=True)),
        "members": len(heads),
        "seed": recipe.seed,
        "git_revision": model_files.git_revision(),
        "code_sha256": model_files.code_sha256(),
    }
    model_files.write_metadata(
        out,
        version=VERSION,
        temperature=figures["temperature"],
        training=training,
        figures=figures,
        normalisation=NORMALISATION,
        terms=TERMS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emoreport.training.voice", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with labels.csv and the corpora"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--teacher", type=Path, help="smart-turn-v3.2-cpu.onnx, pipecat-ai 1.14.0")
    source.add_argument("--encoder", type=Path, help="a released voice_compact.onnx")
    parser.add_argument(
        "--stamps", type=Path, help="unpacked tuxpaint-stamps-default of Debian: more calm speech"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for voice_compact.onnx and .json"
    )
    parser.add_argument("--work", type=Path, help="folder for what is kept (default: OUT/work)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    parser.add_argument(
        "--conditions",
        action="store_true",
        help="also measure recall under degraded sound and in short windows",
    )
    parser.add_argument(
        "--cross-validate",
        action="store_true",
        help="print the figures on left-out speakers and export nothing",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
