"""From features and labels to a finished head with its scores: one training from end to end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from emoreport.atomic import Staging
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.people import read_people
from emoreport.errors import SettingsError
from emoreport.heads.metadata import (
    GRAPH_FILE,
    METADATA_FILE,
    Fusion,
    HeadMetadata,
    Smoothing,
)
from emoreport.models.store.integrity import digest_file
from emoreport.records import FeatureSource, HeadTask, Modality
from emoreport.training.heads.answers import (
    answers_of,
    choose_smoothing,
    choosing_score,
    chosen_weight,
    fitted_thresholds,
    judged,
    smoothed_answers,
)
from emoreport.training.heads.data import (
    Labels,
    Recording,
    data_digest,
    feature_files,
    read_labels,
    read_recordings,
    scales_of,
)
from emoreport.training.heads.export import export_head
from emoreport.training.heads.loop import Trainer, make_network, train
from emoreport.training.heads.networks import AnsweringHead, HeadNetwork, Scales
from emoreport.training.heads.recipe import LATE_WEIGHTS, Recipe
from emoreport.training.heads.scoring import constant_answers, score_answers
from emoreport.training.heads.splits import (
    PARTS,
    Part,
    check_people,
    read_split,
    split_by_person,
)
from emoreport.training.heads.windows import windows_of

LOG_FOLDER: Final = "log"


@dataclass(frozen=True, slots=True)
class Job:
    """What is trained from what.

    Attributes
    ----------
    task, labels, features, out
        What is learned; where the labels and the features are, and where the head goes.
    recipe
        How.
    split, people
        Tables of the user's own split, and of who is in which recording; None where there are none.
    name
        Of the head; that of the folder if empty.
    overwrite
        Whether a head that is there may be replaced.
    """

    task: HeadTask
    labels: Path
    features: Path
    out: Path
    recipe: Recipe
    split: Path | None = None
    people: Path | None = None
    name: str = ""
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """Recordings by part, and what they are recordings of."""

    labels: Labels
    parts: Mapping[Part, Sequence[Recording]]
    sources: Mapping[Modality, FeatureSource]
    digest: str
    without_features: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The data as JSON values: digest, counts, and which recordings and people are where."""
        everybody = [one for part in PARTS for one in self.parts[part]]
        return {
            "digest": self.digest,
            "recordings": len(everybody),
            "people": len({one.person for one in everybody}),
            "split": {part: [one.name for one in self.parts[part]] for part in PARTS},
            "split_people": {
                part: sorted({one.person for one in self.parts[part]}) for part in PARTS
            },
            "without_features": list(self.without_features),
        }


def read_data(job: Job) -> Data:
    """Read labels and features, and split them by person.

    Raises
    ------
    EmoreportError
        When they cannot be read, do not fit together, or a person would be in two parts.
    """
    labels = read_labels(job.labels, job.task, read_people(job.people) if job.people else None)
    files = feature_files(job.features, labels.values)
    people = {name: labels.people[name] for name in files}
    if job.split is not None:
        parts = read_split(job.split, list(files))
        check_people(parts, people)
    else:
        parts = split_by_person(people, labels.official, job.recipe.seed)
    files = {name: path for name, path in files.items() if name in parts}
    recordings, sources = read_recordings(labels, files, job.recipe.modalities, job.recipe.rate_hz)
    return Data(
        labels=labels,
        parts={part: [one for one in recordings if parts[one.name] == part] for part in PARTS},
        sources=sources,
        digest=data_digest(recordings),
        without_features=tuple(name for name in labels.values if name not in people),
    )


def train_head(job: Job) -> HeadMetadata:
    """Train, choose on validation data, judge on test data and write the folder of a head.

    Raises
    ------
    EmoreportError
        As for `read_data`, or when the head cannot be written.
    """
    if (job.out / METADATA_FILE).exists() and not job.overwrite:
        raise SettingsError("train_head.exists", file=job.out)
    recipe = job.recipe
    if recipe.width % recipe.attention_heads:
        raise SettingsError("train_head.width", width=recipe.width, step=recipe.attention_heads)
    data = read_data(job)
    _check_labelled(data, recipe)
    log = job.out / LOG_FOLDER
    log.mkdir(parents=True, exist_ok=True)
    _clear_old_log(log)
    late = recipe.fusion == "late" and len(recipe.modalities) > 1
    each = [replace(recipe, modalities=(name,)) for name in recipe.modalities]
    scales = {name: scales_of(data.parts["train"], name) for name in recipe.modalities}
    networks = [
        _trained(own, data, scales, log, " + ".join(own.modalities))
        for own in (each if late else [recipe])
    ]
    head, weight, tried_weights = _fused(networks, data, recipe)
    smoothing, thresholds, tried = _chosen(head, data, recipe)
    fusion: Fusion = "none" if len(recipe.modalities) == 1 else recipe.fusion
    metadata = HeadMetadata(
        name=job.name or job.out.resolve().name,
        task=job.task,
        labels=data.labels.columns,
        unit=recipe.unit,
        architecture=recipe.architecture,
        features=data.sources,
        rate_hz=recipe.rate_hz,
        window_steps=recipe.window_steps,
        hop_steps=recipe.hop_steps,
        fusion=fusion,
        smoothing=smoothing,
        thresholds=thresholds,
        late_weight=weight,
        metrics={
            **_scores(head, data, recipe, smoothing, thresholds),
            "tried": {"smoothing": tried, "face_weight": tried_weights},
        },
        data=data.document(),
        recipe=recipe.document(),
    )
    return _write(job.out, head, metadata)


def _chosen(
    head: AnsweringHead, data: Data, recipe: Recipe
) -> tuple[Smoothing, tuple[float, ...], dict[str, float]]:
    """Smoothing and thresholds from validation data, and the score of each smoothing tried."""
    validation, task = data.parts["validation"], data.labels.task
    raw = answers_of(head, validation, recipe, len(data.labels.columns))
    smoothing, tried = choose_smoothing(raw, validation, task, recipe.rate_hz)
    if task != "au":
        return smoothing, (), tried
    smooth = smoothed_answers(raw, smoothing, task, recipe.rate_hz)
    return smoothing, fitted_thresholds(*judged(task, smooth, validation)), tried


def _trained(recipe: Recipe, data: Data, scales: Scales, log: Path, name: str) -> HeadNetwork:
    task, outputs = data.labels.task, len(data.labels.columns)
    windows, validation = windows_of(data.parts["train"], recipe), data.parts["validation"]
    _check_labelled(data, recipe)

    def validate(network: HeadNetwork) -> float:
        head = _head([network], data, recipe)
        answers = answers_of(head, validation, recipe, outputs)
        return choosing_score(task, *judged(task, answers, validation))

    split = {part: [one.name for one in data.parts[part]] for part in PARTS}
    trainer = Trainer(
        make_network(recipe, scales, outputs),
        recipe,
        task=task,
        outputs=outputs,
        windows=windows,
        validate=validate,
        identity=f"{data.digest} {split}",
    )
    return train(trainer, log, name)


def _check_labelled(data: Data, recipe: Recipe) -> None:
    """Refuse data in which a part has nothing that a network could learn from or be judged by."""
    for part in PARTS:
        if not windows_of(data.parts[part], recipe):
            modality = " + ".join(recipe.modalities)
            raise CorpusError("train_head.nothing_labelled", part=part, modality=modality)


def _head(
    networks: Sequence[HeadNetwork], data: Data, recipe: Recipe, weight: float = 1.0
) -> AnsweringHead:
    return AnsweringHead(
        networks,
        data.labels.task,
        face_weight=weight,
        whole_windows=recipe.unit == "window",
    )


def _fused(
    networks: Sequence[HeadNetwork], data: Data, recipe: Recipe
) -> tuple[AnsweringHead, float | None, dict[str, float]]:
    """One head of all networks; the share of the face, and the score of each share tried."""
    if len(networks) == 1:
        return _head(networks, data, recipe), None, {}
    validation, task = data.parts["validation"], data.labels.task

    def score(head: AnsweringHead) -> float:
        answers = answers_of(head, validation, recipe, len(data.labels.columns))
        return choosing_score(task, *judged(task, answers, validation))

    weight, tried = chosen_weight(
        lambda share: _head(networks, data, recipe, share), LATE_WEIGHTS, score
    )
    return _head(networks, data, recipe, weight), weight, tried


def _scores(
    head: AnsweringHead,
    data: Data,
    recipe: Recipe,
    smoothing: Smoothing,
    thresholds: tuple[float, ...],
) -> dict[str, Any]:
    """Scores of validation and test, and those of a constant answer on the test part."""
    labels = data.labels
    found: dict[str, Any] = {}
    for part in ("validation", "test"):
        recordings = data.parts[part]
        raw = answers_of(head, recordings, recipe, len(labels.columns))
        answers = smoothed_answers(raw, smoothing, labels.task, recipe.rate_hz)
        found[part] = score_answers(labels, answers, recordings, thresholds)
        if part == "test":
            constant = constant_answers(labels, answers, data.parts["train"])
            found["constant"] = score_answers(labels, constant, recordings, thresholds)
    return found


def _clear_old_log(log: Path) -> None:
    """Begin the log of a new training; that of a killed one, which has a checkpoint, goes on."""
    if not any(log.glob("checkpoint-*.pt")):
        for path in (*log.glob("metrics.csv"), *log.glob("events.out.tfevents.*")):
            path.unlink()


def _write(out: Path, head: AnsweringHead, metadata: HeadMetadata) -> HeadMetadata:
    widths = {name: source.width for name, source in metadata.features.items()}
    log = out / LOG_FOLDER
    graph = log / GRAPH_FILE
    export_head(head, widths, graph)
    metadata = replace(metadata, files={GRAPH_FILE: digest_file(graph).sha256})
    text = json.dumps(metadata.document(), indent=2, ensure_ascii=False, allow_nan=False)
    with Staging(out) as staging:
        staging.put(GRAPH_FILE, graph.read_bytes())
        staging.put(METADATA_FILE, text.encode())
        staging.commit()
    for path in (graph, *log.glob("checkpoint-*.pt")):
        path.unlink()
    return metadata
