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
from torch import nn

from emoreport.models.families.recording_level import RecordingLevel
from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training import selective
from emoreport.training.answers import precisions
from emoreport.training.doubt import Distance
from emoreport.training.voice import leave_out, metrics, model_files, talks
from emoreport.training.voice.crossval import (
    ENCODER_FOLDS,
    N_FOLDS,
    figures_per_corpus,
)
from emoreport.training.voice.data import Clip, read_corpora, speaker_folds
from emoreport.training.voice.distill import DistillRecipe
from emoreport.training.voice.doubt import fit_doubt, unheard_speakers
from emoreport.training.voice.encoder import Encoder
from emoreport.training.voice.head import (
    HeadRecipe,
    Statistics,
    VoiceModel,
    embed,
)
from emoreport.training.voice.intensity import (
    intensity_figures,
    left_out_intensity,
    train_intensity,
)
from emoreport.training.voice.kept import (
    left_out,
    load_elsewhere,
    load_encoder,
    load_heads,
    load_statistics,
)
from emoreport.training.voice.labels import CORPUS_NAMES, LABELS
from emoreport.training.voice.metrics import LeftOut
from emoreport.training.voice.pack import pack_graph
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
from emoreport.training.voice.talks import both_figures, recording_level
from emoreport.training.voice.teacher import TEACHER_SHA256

LOG = logging.getLogger(__name__)
VERSION = "3.2.0"
CLIPS = "clips"
"""What the figures count."""
EVERY = 7
"""One clip in so many serves for the tables of conditions and windows.

Prime to 18: RAVDESS lists its actors in turn, and every one of them must be among those clips.
"""
LINE = "telephone_call"
"""The change under which left-out corpora are judged once more."""
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
    strangers = unheard_speakers(statistics, folds, doubt.distance.scale_of_limit)
    for name, left, distances in (
        ("selective_on_left_out_corpora", elsewhere, doubt.elsewhere),
        ("selective_on_left_out_speakers", said, strangers),
    ):
        figures[name] = selective.figures(left, distances, figures["temperature"], CLIPS)
        LOG.info("%s:\n%s", name, selective.markdown(figures[name], CLIPS))
    figures["precision"] = heard_precision(elsewhere)
    if LINE in recipe.changes:
        by_line = leave_out.leave_corpora_out(statistics, recipe, 1 + recipe.changes.index(LINE))
        figures["left_out_corpora_by_telephone"] = leave_out.figures(
            by_line, leave_out.temperatures(elsewhere)
        )
    figures.update(both_figures(said, elsewhere))
    for name in ("talks_of_left_out_corpora", "talks_of_left_out_speakers"):
        LOG.info("%s:\n%s", name, talks.markdown(figures[name]))
    figures["intensity_of_left_out_corpora"] = intensity_figures(
        statistics, left_out_intensity(statistics, recipe)
    )
    if options.conditions:
        figures.update(tables(clips, encoder, heads))
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if not options.cross_validate:
        level = recording_level(elsewhere, figures["temperature"])
        ship(encoder, heads, doubt.distance, level, statistics, recipe, options.out, figures)
    return 0


def calibrated_figures(said: LeftOut, elsewhere: LeftOut) -> dict[str, Any]:
    """Recall and calibration on left-out speakers and on left-out corpora.

    The temperature shipped is the one for sound from elsewhere: it is what users bring.
    """
    before, after = metrics.cross_validated_calibration(said)
    return {
        "left_out_speakers": figures_per_corpus(said),
        "left_out_corpora": leave_out.figures(elsewhere, leave_out.temperatures(elsewhere)),
        "temperature": round(leave_out.temperature_of_all(elsewhere), 4),
        "left_out_speakers_calibration_error": {
            name: round(value, 4) for name, value in {"uncalibrated": before, **after}.items()
        },
    }


def heard_precision(elsewhere: LeftOut) -> dict[str, Any]:
    """How often a named emotion is right on corpora never heard, every corpus counting alike."""
    corpora = np.unique(elsewhere.corpora[elsewhere.labels < len(LABELS)]).tolist()
    names = [CORPUS_NAMES.get(corpus, corpus) for corpus in corpora]
    return {"data": names, "classes": precisions(elsewhere, LABELS)}


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
    level: RecordingLevel,
    statistics: Statistics,
    recipe: HeadRecipe,
    out: Path,
    figures: dict[str, Any],
) -> None:
    """Write encoder, mean head and measures as one graph, with its metadata, into ``out``."""
    every = torch.arange(len(statistics.labels))
    measures = {
        "distance": distance,
        "intensity": train_intensity(statistics, every, recipe),
    }
    model = VoiceModel(encoder, list(heads.values()), measures).eval()
    graph = out / model_files.GRAPH_NAME
    model_files.export_graph(model, graph)
    LOG.info("%d tensors kept in 8 bits", pack_graph(graph))
    difference = model_files.difference_to_torch(model, graph)
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
        recording=level.document(LABELS),
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
