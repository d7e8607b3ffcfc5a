"""Measure how far codings by people agree with the machine and with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Final

from emoreport.analysis.annotators.agreement import Alpha, compare_codings, krippendorff_alpha
from emoreport.annotators.figures import Agreed, Caveat, Pair
from emoreport.errors import SettingsError
from emoreport.exchange.readers import Coding, Tiers, read_codings
from emoreport.exchange.readers.labels import parse_map, standard_label
from emoreport.exchange.writers.tiers import face_labels, voice_labels
from emoreport.records import MACHINE, LabelledSpan, LabelSource, RunRecord
from emoreport.results import AudioInterval, VideoInterval, milliseconds
from emoreport.run.annotations import stored_labels
from emoreport.run.read import read_report
from emoreport.run.report import Report
from emoreport.run.run_json import read_run
from emoreport.settings.commands import TOLERANCE
from emoreport.settings.described import checked
from emoreport.vocabulary import is_emotion

MODALITIES: Final = ("face", "voice")
MACHINE_NAME: Final = "machine"
BEYOND_S: Final = 0.1
"""Codings may run over the end by less than this: players differ by a frame or two."""

ASSUMED_FACE: Final = "assumed_face"
GUESSED_ENCODING: Final = "guessed_encoding"
BEYOND_END: Final = "beyond_end"
NOT_IN_MODEL: Final = "not_in_model"
STORED_LABELS: Final = "stored_labels"
MACHINE_BOUNDARIES: Final = {name: f"machine_boundaries_{name}" for name in MODALITIES}

OWN_MS: Final = 1
"""A boundary this close to one of the machine's was not set by hand: files round to 1 ms."""
OWN_SHARE: Final = 0.5
OWN_COUNT: Final = 3
"""From this share and number of such boundaries on it is said. Hands that step by frames hit a
few of the machine's boundaries, which are times of frames too."""


def agree(
    folder: Path,
    files: Sequence[Path],
    *,
    tier_face: str | None = None,
    tier_voice: str | None = None,
    modality: str | None = None,
    renamings: Sequence[str] = (),
    observation: str | None = None,
    encoding: str | None = None,
    tolerance_s: float = TOLERANCE.default,
) -> Agreed:
    """Compare codings of a talk with the machine's labels and with each other.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    files
        Codings: .eaf, .TextGrid, .boris or .csv.
    tier_face, tier_voice
        Names of the tiers; ``face`` and ``voice`` if None.
    modality
        What a coding is about that does not say it.
    renamings
        ``written=label``; they hold for the codings and for the machine.
    observation
        Which observation of a BORIS project is read.
    encoding
        Of codings that are not in Unicode; guessed where that is safe if None.
    tolerance_s
        Farthest distance of two boundaries that count as one, seconds.

    Raises
    ------
    SettingsError
        For a setting, a tier or a label that does not fit.
    InputNotFoundError, StoredReadingsError
        When a file or the run cannot be read.
    """
    if not files:
        raise SettingsError("annotators.no_coding")
    tolerance_s = checked(TOLERANCE, tolerance_s)
    check_observation(observation, files)
    report = read_report(folder, labels=MACHINE)
    tiers = tiers_for(
        report.run,
        tier_face,
        tier_voice,
        modality,
        renamings,
        observation=observation,
        encoding=encoding,
    )
    codings = _named([coding for file in files for coding in read_codings(file, tiers)])
    duration_s = report.analysis.summary.duration_s
    pairs: list[Pair] = []
    alphas: dict[str, Alpha] = {}
    caveats: list[Caveat] = []
    for name in MODALITIES:
        tracks = {
            coding.coder: track for coding in codings if (track := getattr(coding.labels, name))
        }
        machine = machine_track(report, name, tiers)
        pairs += _pairs(name, tracks, machine, duration_s, tolerance_s)
        caveats += _own_boundaries(name, tracks, machine)
        if len(tracks) > 1:
            alphas[name] = krippendorff_alpha(list(tracks.values()), duration_s)
    if not pairs:
        raise SettingsError("annotators.no_labels")
    stored = stored_labels(read_run(folder))
    return Agreed(
        folder=folder,
        video=report.analysis.summary.video,
        duration_s=duration_s,
        tolerance_s=tolerance_s,
        codings=codings,
        pairs=tuple(pairs),
        alphas=alphas,
        caveats=(*_caveats(codings, report, stored), *caveats),
    )


def tiers_for(
    run: RunRecord,
    tier_face: str | None,
    tier_voice: str | None,
    modality: str | None,
    renamings: Sequence[str],
    *,
    observation: str | None = None,
    encoding: str | None = None,
) -> Tiers:
    """How to read codings of the talk of a run.

    Raises
    ------
    SettingsError
        For a renaming or a modality that does not fit.
    """
    if modality is not None and modality not in MODALITIES:
        raise SettingsError("annotators.modality", modality=modality)
    face = face_labels(run.face_model.labels)
    voice = voice_labels(run.speech_model.labels)
    return Tiers(
        face=tier_face,
        voice=tier_voice,
        modality=modality,
        mapping=parse_map(renamings, tuple(dict.fromkeys((*face, *voice)))),
        face_labels=face,
        voice_labels=voice,
        video=run.input.name,
        observation=observation,
        encoding=encoding,
    )


def check_observation(observation: str | None, files: Sequence[Path]) -> None:
    """Raise SettingsError where an observation is named and no file can hold one."""
    if observation is not None and not any(file.suffix.casefold() == ".boris" for file in files):
        raise SettingsError("annotators.observation_without_boris")


def machine_track(report: Report, modality: str, tiers: Tiers) -> tuple[LabelledSpan, ...]:
    """Rows of a report as a coding, with the same renamings."""
    analysis = report.analysis
    rows: Sequence[VideoInterval | AudioInterval] = analysis.video_intervals
    allowed = tiers.face_labels
    if modality == "voice":
        rows, allowed = analysis.audio_intervals, tiers.voice_labels
    return tuple(
        LabelledSpan(row.span, standard_label(row.emotion, tiers.mapping, allowed) or row.emotion)
        for row in rows
    )


def _pairs(
    modality: str,
    tracks: Mapping[str, tuple[LabelledSpan, ...]],
    machine: Sequence[LabelledSpan],
    duration_s: float,
    tolerance_s: float,
) -> Iterator[Pair]:
    """Every coder against the machine, then every two coders."""
    for coder, track in tracks.items():
        figures = compare_codings(track, machine, duration_s, tolerance_s)
        yield Pair(modality, coder, MACHINE_NAME, figures)
    for (first, first_track), (second, second_track) in combinations(tracks.items(), 2):
        yield Pair(
            modality,
            first,
            second,
            compare_codings(first_track, second_track, duration_s, tolerance_s),
        )


def _own_boundaries(
    modality: str, tracks: Mapping[str, tuple[LabelledSpan, ...]], machine: Sequence[LabelledSpan]
) -> Iterator[Caveat]:
    """Name coders whose boundaries are the machine's: they corrected it and did not code blind."""
    own_ms = _inner_bounds_ms(machine)
    near_ms = {bound + shift for bound in own_ms for shift in range(-OWN_MS, OWN_MS + 1)}
    for coder, track in tracks.items():
        bounds_ms = _inner_bounds_ms(track)
        same = len(bounds_ms & near_ms)
        if same >= max(OWN_COUNT, OWN_SHARE * len(bounds_ms)):
            values = {"coder": coder, "same": str(same), "boundaries": str(len(bounds_ms))}
            yield Caveat(MACHINE_BOUNDARIES[modality], values)


def _inner_bounds_ms(track: Sequence[LabelledSpan]) -> set[int]:
    """Bounds of a coding, milliseconds, but for its first and its last."""
    bounds = {milliseconds(at_s) for row in track for at_s in (row.span.start_s, row.span.end_s)}
    return bounds - {min(bounds, default=0), max(bounds, default=0)}


def _named(codings: Sequence[Coding]) -> tuple[Coding, ...]:
    """Codings whose coders have names of their own.

    Raises
    ------
    SettingsError
        When one coding is named twice.
    """
    taken = {MACHINE_NAME}
    named: list[Coding] = []
    for coding in codings:
        if any(
            (coding.sha256, coding.coder) == (twin.sha256, twin.coder)
            for twin in codings
            if twin is not coding
        ):
            raise SettingsError("annotators.named_twice", file=coding.file)
        name, number = coding.coder, 2
        if name in taken:
            name = f"{coding.coder} ({coding.file})"
        while name in taken:
            name = f"{coding.coder} ({coding.file}, {number})"
            number += 1
        taken.add(name)
        named.append(replace(coding, coder=name))
    return tuple(named)


def encoding_caveats(coding: Coding) -> Iterator[Caveat]:
    """What to say of a file whose encoding was guessed."""
    if coding.guessed_encoding is not None:
        values = {"file": coding.file, "encoding": coding.guessed_encoding}
        yield Caveat(GUESSED_ENCODING, values)


def _caveats(codings: Sequence[Coding], report: Report, stored: LabelSource) -> Iterator[Caveat]:
    if stored != MACHINE:
        yield Caveat(STORED_LABELS, {"file": stored.file})
    end_s = report.analysis.summary.duration_s
    for coding in codings:
        if coding.assumed_face:
            yield Caveat(ASSUMED_FACE, {"file": coding.file})
        yield from encoding_caveats(coding)
        spans = [span for name in MODALITIES for span in getattr(coding.labels, name) or ()]
        last_s = max((labelled.span.end_s for labelled in spans), default=0.0)
        if last_s > end_s + BEYOND_S:
            values = {"coder": coding.coder, "end": f"{last_s:.3f}", "duration": f"{end_s:.3f}"}
            yield Caveat(BEYOND_END, values)
    model_labels = {"face": report.faces.labels, "voice": report.speech.labels}
    for modality, labels in model_labels.items():
        missing: dict[str, float] = {}
        for coding in codings:
            for labelled in getattr(coding.labels, modality) or ():
                if is_emotion(labelled.emotion) and labelled.emotion not in labels:
                    length_s = labelled.span.duration_s
                    missing[labelled.emotion] = missing.get(labelled.emotion, 0.0) + length_s
        for label, seconds in missing.items():
            values = {"label": label, "modality": modality, "seconds": f"{seconds:.3f}"}
            yield Caveat(NOT_IN_MODEL, values)
