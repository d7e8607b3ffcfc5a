"""A head for one speaker: from a person's labels and stored features, kept only if it is proved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.analysis.annotators.personal import CodedSteps, Proof, fit_all, prove
from emoreport.annotators.figures import Caveat
from emoreport.annotators.relabel import parse_labels
from emoreport.errors import SettingsError
from emoreport.heads.grid import Grid, GridChunk, nearest_windows, read_grid, step_means
from emoreport.heads.head import source_text
from emoreport.heads.linear_head import write_linear_head
from emoreport.heads.metadata import HeadMetadata, Smoothing, is_head
from emoreport.records import (
    MACHINE,
    FeatureSource,
    FloatArray,
    IntArray,
    LabelledSpan,
    LabelSource,
    Modality,
)
from emoreport.run.annotations import stored_labels
from emoreport.run.run_json import read_run
from emoreport.tables import readings
from emoreport.tables.feature_files import FEATURES_FILE, read_sources
from emoreport.vocabulary import ALL_LABELS, is_emotion

RATE_HZ: Final = 10.0
SMOOTHING_S: Final = 1.0
"""Width of the mean over time under which the models are compared and the head runs."""
GAP_S: Final = 2.0
"""Left out on either side of a passage, at least; more where windows of the voice are longer."""
ARCHITECTURE: Final = "mlp"
"""Without a hidden layer."""


@dataclass(frozen=True, slots=True)
class CodedRun:
    """A run of the speaker and what a person coded of it.

    Attributes
    ----------
    folder
        The run.
    source
        Whose labels, from which file.
    spans
        The labels of the modality in question, emotions only.
    """

    folder: Path
    source: LabelSource
    spans: tuple[LabelledSpan, ...]


@dataclass(frozen=True, slots=True)
class Personalized:
    """What came of a head for one speaker.

    Attributes
    ----------
    proof
        What held-out passages show.
    labels
        Emotions of the head, in canonical order.
    coded_s
        Coded seconds with features, by emotion.
    head
        Description of the head that was written; None where it was refused.
    caveats
        What to know of how the files were read.
    """

    proof: Proof
    labels: tuple[str, ...]
    coded_s: Mapping[str, float]
    head: HeadMetadata | None
    caveats: tuple[Caveat, ...] = ()

    def document(self) -> dict[str, Any]:
        """JSON values; a figure that is not known is null."""
        return {
            "written": self.head is not None,
            "labels": list(self.labels),
            "coded_s": {name: round(value, 3) for name, value in self.coded_s.items()},
            "proof": _known(asdict(self.proof)),
            "caveats": [caveat.document() for caveat in self.caveats],
        }


def personalize(
    folders: Sequence[Path],
    files: Sequence[Path],
    out: Path,
    *,
    modality: Modality = "face",
    tier_face: str | None = None,
    tier_voice: str | None = None,
    renamings: Sequence[str] = (),
    observation: str | None = None,
    encoding: str | None = None,
) -> Personalized:
    """Train a head on one person's recordings and write it if held-out passages prove it.

    Parameters
    ----------
    folders
        Runs of one person that `analyze` wrote with features.
    files
        A coding of each, in the same order; none if the labels are those that
        ``retable --labels`` put into the folders.
    out
        Folder for the head; nothing is written where it is refused.
    modality
        Features of the face or of the voice, and what a coding is about that does not say it.
    tier_face, tier_voice, renamings, observation, encoding
        As for `agree.agree`.

    Raises
    ------
    SettingsError
        When codings are missing, do not fit, say nothing about the modality, or when the runs have
        features of different models.
    InputNotFoundError, StoredReadingsError, OutputError
        When a file cannot be read or the head cannot be written.
    """
    if out.exists() and not is_head(out) and (out.is_file() or any(out.iterdir())):
        raise SettingsError("personalize.occupied", file=out)
    runs, caveats = _coded_runs(
        folders,
        files,
        modality,
        tier_face=tier_face,
        tier_voice=tier_voice,
        renamings=renamings,
        observation=observation,
        encoding=encoding,
    )
    source = _common_source(runs, modality)
    coded = {span.emotion for run in runs for span in run.spans}
    labels = tuple(name for name in ALL_LABELS if name in coded)
    machines = [_machine(run.folder, modality) for run in runs]
    for run, machine in zip(runs, machines, strict=True):
        if machine.labels != machines[0].labels:
            raise SettingsError("personalize.other_model", file=run.folder)
    recordings = [
        _coded_steps(run, machine, modality, labels)
        for run, machine in zip(runs, machines, strict=True)
    ]
    classes = np.concatenate([each.classes for each in recordings])
    coded_s = {
        name: float(np.count_nonzero(classes == at)) / RATE_HZ for at, name in enumerate(labels)
    }
    proof = prove(
        recordings,
        np.array([labels.index(name) if name in labels else -1 for name in machines[0].labels]),
        rate_hz=RATE_HZ,
        smoothing_s=SMOOTHING_S,
        gap_s=max(GAP_S, *(machine.longest_s for machine in machines)),
    )
    result = Personalized(proof, labels, coded_s, None, caveats)
    if proof.reason is not None:
        return result
    metadata = _metadata(out, source, result, runs, recordings)
    regression = fit_all(recordings, len(labels), proof.ridge)
    return replace(result, head=write_linear_head(out, metadata, regression))


def _coded_runs(
    folders: Sequence[Path],
    files: Sequence[Path],
    modality: Modality,
    **reading: Any,  # noqa: ANN401 - of several types
) -> tuple[list[CodedRun], tuple[Caveat, ...]]:
    """Every run with the labels of its coding, or with those that its folder holds."""
    if files and len(files) != len(folders):
        raise SettingsError("personalize.pairs", folders=len(folders), files=len(files))
    runs: list[CodedRun] = []
    caveats: list[Caveat] = []
    for at, folder in enumerate(folders):
        if files:
            source, told = parse_labels(folder, str(files[at]), modality=modality, **reading)
            caveats += told
        else:
            source = stored_labels(read_run(folder))
        if source is None or source == MACHINE:
            raise SettingsError("personalize.no_labels", file=folder)
        spans = tuple(
            span for span in getattr(source.labels, modality) or () if is_emotion(span.emotion)
        )
        if not spans:
            raise SettingsError("personalize.other_modality", modality=modality, file=source.file)
        runs.append(CodedRun(folder, source, spans))
    return runs, tuple(caveats)


def _common_source(runs: Sequence[CodedRun], modality: Modality) -> FeatureSource:
    """What made the features of all runs."""
    common: FeatureSource | None = None
    for run in runs:
        path = run.folder / FEATURES_FILE
        if not path.is_file():
            raise SettingsError("personalize.no_features", file=run.folder)
        source = read_sources(path).get(modality)
        if source is None:
            raise SettingsError("personalize.no_features_of", modality=modality, file=path)
        if common is not None and source_text(source) != source_text(common):
            raise SettingsError(
                "personalize.other_features",
                given=source_text(source),
                wanted=source_text(common),
                file=path,
            )
        common = source
    if common is None:
        raise SettingsError("personalize.pairs", folders=0, files=0)
    return common


@dataclass(frozen=True, slots=True)
class _Machine:
    """Readings of the universal model: of frames, or of windows (then with their ends)."""

    labels: tuple[str, ...]
    start_s: np.ndarray[Any, Any]
    end_s: np.ndarray[Any, Any] | None
    probabilities: FloatArray

    @property
    def longest_s(self) -> float:
        """Length of the longest window; two of them apart share no sound."""
        return 0.0 if self.end_s is None else float((self.end_s - self.start_s).max(initial=0.0))

    def on(self, chunk: GridChunk, grid: Grid) -> FloatArray:
        """Probabilities of the steps of a chunk, (T, U), NaN where there are none."""
        if self.end_s is None:
            first = int(grid.step_of(chunk.time_s[:1])[0])
            return step_means(
                grid.step_of(self.start_s) - first, self.probabilities, len(chunk.time_s)
            )
        near = (self.end_s >= chunk.time_s[0]) & (self.start_s <= chunk.time_s[-1])
        window = nearest_windows(chunk.time_s, self.start_s[near], self.end_s[near])
        rows = np.full((len(window), len(self.labels)), np.nan, np.float32)
        rows[window >= 0] = self.probabilities[near][window[window >= 0]]
        return rows


def _machine(folder: Path, modality: Modality) -> _Machine:
    if modality == "face":
        faces = readings.read_frames(folder / readings.FRAMES_FILE)
        return _Machine(faces.labels, faces.time_s, None, faces.probabilities)
    speech = readings.read_speech(folder / readings.SPEECH_FILE)
    return _Machine(speech.labels, speech.start_s, speech.end_s, speech.probabilities)


def _coded_steps(
    run: CodedRun, machine: _Machine, modality: Modality, labels: Sequence[str]
) -> CodedSteps:
    """The steps of a run that are coded, have features and a reading of the universal model."""
    grid = Grid(RATE_HZ)
    asked = {"face": modality == "face", "voice": modality == "voice"}
    parts = []
    for chunk in read_grid(run.folder / FEATURES_FILE, RATE_HZ, **asked):
        rows = chunk.face if modality == "face" else chunk.voice
        if rows is None:
            continue
        classes = _classes_at(run.spans, chunk.time_s, labels)
        universal = machine.on(chunk, grid)
        kept = (classes >= 0) & ~np.isnan(rows).any(axis=1) & ~np.isnan(universal).any(axis=1)
        step = grid.step_of(chunk.time_s[kept])
        parts.append((step, rows[kept], classes[kept], universal[kept].astype(np.float64)))
    if not parts:
        raise SettingsError("personalize.no_features_of", modality=modality, file=run.folder)
    return CodedSteps(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _classes_at(
    spans: Sequence[LabelledSpan], time_s: np.ndarray[Any, Any], labels: Sequence[str]
) -> IntArray:
    """Class of the span that holds each moment, int64 (T,); −1 where nothing is coded."""
    starts = np.array([each.span.start_s for each in spans])
    ends = np.array([each.span.end_s for each in spans])
    codes = np.array([labels.index(each.emotion) for each in spans])
    at = np.searchsorted(starts, time_s, side="right") - 1
    inside = (at >= 0) & (time_s < ends[np.maximum(at, 0)])
    return np.where(inside, codes[np.maximum(at, 0)], -1)


def _metadata(
    out: Path,
    source: FeatureSource,
    result: Personalized,
    runs: Sequence[CodedRun],
    recordings: Sequence[CodedSteps],
) -> HeadMetadata:
    digest = hashlib.sha256()
    for each in recordings:
        digest.update(each.rows.astype("<f4").tobytes() + each.classes.astype("<i8").tobytes())
    names = [run.folder.name for run in runs]
    return HeadMetadata(
        name=out.name,
        task="expr",
        labels=result.labels,
        unit="step",
        architecture=ARCHITECTURE,
        features={source.modality: source},
        rate_hz=RATE_HZ,
        window_steps=100,
        hop_steps=100,
        smoothing=Smoothing("mean", SMOOTHING_S / 2),
        metrics={"held_out_passages": _known(asdict(result.proof))},
        data={
            "digest": digest.hexdigest(),
            "recordings": names,
            "people": 1,
            "coded_s": {name: round(value, 3) for name, value in result.coded_s.items()},
            "labels": [
                {"file": run.source.file, "sha256": run.source.sha256, "coder": run.source.coder}
                for run in runs
            ],
            "split": {"train": names, "validation": [], "test": []},
        },
        recipe={"kind": "personal", "hidden": [], "ridge": result.proof.ridge},
    )


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values in which what is not a number is null."""
    return dict(_pairs(values))


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield name, _known(value)
        elif isinstance(value, float):
            yield name, None if np.isnan(value) else round(value, 6)
        else:
            yield name, value
