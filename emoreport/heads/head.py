"""Run a trained head over the features of a recording; torch is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from emoreport.analysis.rows.smoothing import smooth
from emoreport.errors import ModelError
from emoreport.heads.grid import Grid, GridChunk, read_grid, step_means
from emoreport.heads.metadata import (
    CLASS_TASKS,
    GRAPH_FILE,
    METADATA_FILE,
    REPAIR,
    HeadMetadata,
    Smoothing,
    read_head,
)
from emoreport.heads.window_scores import MASKS, WindowScores
from emoreport.models.runtimes.graphs import GraphSession, shape_text
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.store.integrity import digest_file
from emoreport.records import (
    DoubleArray,
    FaceFeatures,
    FeatureSource,
    FloatArray,
    HeadRecord,
    HeadTrack,
    Modality,
    RunWarning,
)
from emoreport.tables.feature_files import read_face, read_sources

OUTPUT: Final = "scores"


class Head:
    """A trained head, ready to run.

    Parameters
    ----------
    metadata
        What it is.
    session
        Its graph.
    file
        What errors call the graph.

    Raises
    ------
    ModelError
        When the graph has other inputs or another output than the description needs.
    """

    def __init__(self, metadata: HeadMetadata, session: GraphSession, file: Path) -> None:
        self.metadata, self._session, self._file = metadata, session, file
        self.record = HeadRecord(
            name=metadata.name,
            kind="head",
            version=metadata.version,
            labels=metadata.labels,
            files=dict(metadata.files),
            runtime=session.runtime,
            device=session.device,
            licence=metadata.licence,
            task=metadata.task,
            features=tuple(metadata.features.values()),
        )
        self._widths = {name: source.width for name, source in metadata.features.items()}
        wanted = {
            tensor: shape
            for name, width in self._widths.items()
            for tensor, shape in ((name, (None, None, width)), (MASKS[name], (None, None)))
        }
        for name, shape in wanted.items():
            known = session.inputs.get(name)
            if known is None or known.shape != shape:
                raise ModelError("heads.input", name=name, shape=shape_text(shape), file=file)
        if set(session.inputs) != set(wanted) or OUTPUT not in session.outputs:
            raise ModelError("heads.graph", inputs=", ".join(wanted), output=OUTPUT, file=file)

    @classmethod
    def open(
        cls, folder: Path, *, runtime: str = "auto", device: str = "auto", threads: int = 0
    ) -> Self:
        """Open the head in a folder; parameters and errors as for `open_head`."""
        metadata = read_head(folder)
        path = folder / GRAPH_FILE
        session = open_graph(path, runtime=runtime, device=device, threads=threads)
        head = cls(metadata, session, path)
        # The description decides too: labels, thresholds, smoothing.
        description = digest_file(folder / METADATA_FILE, remedy=REPAIR).sha256
        files = {METADATA_FILE: description, **head.record.files}
        head.record = replace(head.record, files=files)
        return head

    def run(self, features: Path) -> HeadTrack:
        """Score a file of features, read piece by piece.

        Raises
        ------
        ModelError
            When another model made the features, or inference fails.
        StoredReadingsError
            When the file cannot be read.
        """
        check_sources(self.metadata, read_sources(features), features)
        if self.metadata.counted == "faces":
            return self._of_faces(read_face(features))
        wants = self.metadata.features
        return self._track(
            read_grid(features, self.metadata.rate_hz, face="face" in wants, voice="voice" in wants)
        )

    def score(self, face: FloatArray | None, voice: FloatArray | None) -> HeadTrack:
        """Score the features of a recording on the head's grid, whose steps its windows count.

        Parameters
        ----------
        face, voice
            float32 (T, D), step k covers [k/rate, (k + 1)/rate); NaN rows where nothing is seen or
            heard. What the head does not want is not looked at.

        Raises
        ------
        ModelError
            When inference fails.
        """
        steps = next(len(each) for each in (face, voice) if each is not None)
        time_s = Grid(self.metadata.rate_hz).middle_s(0, steps)
        return self._track([GridChunk(time_s, face, voice)])

    def _track(self, chunks: Iterable[GridChunk]) -> HeadTrack:
        windows = self._windows()
        for chunk in chunks:
            windows.add(chunk)
        return self._smoothed(windows.finish())

    def _of_faces(self, parts: Iterable[FaceFeatures]) -> HeadTrack:
        """Score windows of faces; a step has the mean over the frames in it."""
        windows, grid = self._windows(), Grid(self.metadata.rate_hz)
        steps, last = [np.zeros(0, np.int64)], -1
        for part in parts:
            seen = ~np.isnan(part.values).any(axis=1)
            windows.add(GridChunk(part.time_s[seen], part.values[seen], None))
            step = grid.step_of(part.time_s)
            steps.append(step[seen])
            last = max(last, int(step.max(initial=-1)))
        means = step_means(np.concatenate(steps), windows.finish(), last + 1)
        return self._smoothed(means.astype(np.float64))

    def _windows(self) -> WindowScores:
        head = self.metadata
        return WindowScores(
            self._answer,
            self._widths,
            len(head.labels),
            window_steps=head.window_steps,
            hop_steps=head.hop_steps,
            needs_all=head.needs_all,
            whole_only=head.counted == "faces",
        )

    def _smoothed(self, scores: DoubleArray) -> HeadTrack:
        head = self.metadata
        time_s = Grid(head.rate_hz).middle_s(0, len(scores))
        scores = smoothed(scores, time_s, head.smoothing, classes=head.task in CLASS_TASKS)
        return HeadTrack(
            task=head.task,
            labels=head.labels,
            time_s=time_s,
            step_s=1 / head.rate_hz,
            scores=scores.astype(np.float32),
            thresholds=head.thresholds,
        )

    def _answer(self, feeds: Mapping[str, FloatArray]) -> FloatArray:
        scores: FloatArray = self._session.run(feeds, [OUTPUT])[OUTPUT]
        steps = next(iter(feeds.values())).shape[:2]
        leading = steps if self.metadata.unit == "step" else steps[:1]
        if scores.shape != (*leading, len(self.metadata.labels)) or not np.isfinite(scores).all():
            raise ModelError("heads.output", shape=shape_text(scores.shape), file=self._file)
        return scores


def open_head(
    folder: Path, *, runtime: str = "auto", device: str = "auto", threads: int = 0
) -> Head:
    """Open the head in a folder (model.json beside head.onnx).

    Parameters
    ----------
    runtime, device, threads
        As for `open_graph`.

    Raises
    ------
    ModelError
        When the folder holds no head, one that contradicts its description, or the runtime or the
        device is not available.
    """
    return Head.open(folder, runtime=runtime, device=device, threads=threads)


def smoothed(
    scores: DoubleArray, time_s: DoubleArray, smoothing: Smoothing, *, classes: bool
) -> DoubleArray:
    """Scores (T, K) smoothed over time; rows of NaN stay so.

    Medians of classes are scaled to a sum of 1.
    """
    if smoothing.kind == "none" or smoothing.half_width_s == 0:
        return scores
    unknown = np.isnan(scores).any(axis=1)
    whole = np.zeros(len(scores), np.int64)
    result = smooth(scores, time_s, whole, 2 * smoothing.half_width_s, smoothing.kind)
    result[unknown] = np.nan
    if classes and smoothing.kind == "median":
        total = result.sum(axis=1, keepdims=True)
        result = np.where(total > 0, result / np.where(total > 0, total, 1.0), scores)
    return result


def whole_scores(track: HeadTrack) -> DoubleArray:
    """Scores of a recording as a whole, (K,): the mean over its steps; NaN where there is none."""
    known = track.scores[~np.isnan(track.scores).any(axis=1)].astype(np.float64)
    return known.mean(axis=0) if len(known) else np.full(len(track.labels), np.nan)


def scores_at(track: HeadTrack, time_s: DoubleArray) -> DoubleArray:
    """Scores of the steps that hold these moments, float64 (N, K); NaN beyond the recording."""
    step = Grid(1 / track.step_s).step_of(time_s)
    inside = (step >= 0) & (step < len(track))
    rows = np.full((len(step), len(track.labels)), np.nan)
    rows[inside] = track.scores[step[inside]]
    return rows


def short_of_faces(head: HeadMetadata, track: HeadTrack) -> RunWarning | None:
    """What to tell of a recording with fewer faces than one window of a head; None of any other."""
    if head.counted != "faces" or not np.isnan(track.scores).all():
        return None
    return RunWarning("head_few_faces", {"head": head.name, "count": head.window_steps})


def check_sources(
    head: HeadMetadata, sources: Mapping[Modality, FeatureSource], file: Path
) -> None:
    """Refuse features that something else made than those that the head was trained on.

    Where a head wants face and voice, one of them may be missing altogether: a recording without
    sound is one in which nothing is heard.

    Raises
    ------
    ModelError
        When a source differs in its model, version, layer, width or columns, or none is there.
    """
    there = [name for name in head.features if name in sources]
    if not there:
        wanted = ", ".join(f"{name}: {source_text(head.features[name])}" for name in head.features)
        raise ModelError("heads.no_features", name=head.name, wanted=wanted, file=file)
    for name in there:
        if not will_do(head.features[name], sources[name]):
            raise ModelError(
                "heads.other_features",
                name=head.name,
                modality=name,
                wanted=source_text(head.features[name]),
                given=source_text(sources[name]),
                file=file,
            )


def will_do(wanted: FeatureSource, given: FeatureSource) -> bool:
    """Whether features are those that a head was trained on.

    Whoever published a head need not have said which version of a model it takes; then any will do.
    """
    if not wanted.version:
        given = replace(given, version="")
    return source_text(wanted) == source_text(given) and wanted.columns == given.columns


def source_text(source: FeatureSource) -> str:
    """``compact 2.1.0 layer:4 (128)``: what decides whether features are the same."""
    parts = (source.model, source.version, source.layer, f"({source.width})")
    return " ".join(part for part in parts if part)
