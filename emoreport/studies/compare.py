"""Compare talks from their stored readings: two talks, two groups, or the same people twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

from emoreport.analysis.mismatch.comparison import compare_intervals
from emoreport.analysis.mismatch.modalities import face_modality, text_modality, voice_modality
from emoreport.analysis.rows.abstention import abstention_level
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.judging import judge_rows
from emoreport.analysis.rows.text import SpokenText
from emoreport.analysis.rows.witnesses import firm_windows
from emoreport.analysis.talks.agreement import agreement_measures
from emoreport.analysis.talks.groups import GroupDifference, compare_groups
from emoreport.analysis.talks.pairs import PairedDifference, compare_pairs
from emoreport.analysis.talks.two import Difference, compare_talks
from emoreport.analysis.transitions.talk_figures import Measure, Talk
from emoreport.errors import InputNotFoundError, SettingsError
from emoreport.records import SpeechTrack
from emoreport.results import VideoInterval
from emoreport.run.folder import is_result
from emoreport.run.read import read_machine_report
from emoreport.run.report import Report
from emoreport.studies.comparability import (
    NO_PARTNER,
    NO_RESULTS,
    Caveat,
    TalkFacts,
    caveats_of,
    facts_of,
    refuse,
    same_text_model,
)
from emoreport.tables.csv_files import csv_field, csv_lines


@dataclass(frozen=True, slots=True)
class TalkComparison:
    """Two talks: their folders, and the differences, second less first."""

    first: Path
    second: Path
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class TalksCompared:
    """The first talk against each of the others.

    Attributes
    ----------
    comparisons
        One entry per other talk.
    caveats
        What a reader must know.
    """

    comparisons: tuple[TalkComparison, ...]
    caveats: tuple[Caveat, ...]

    def document(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "unit": "moment",
            "caveats": [caveat.document() for caveat in self.caveats],
            "comparisons": [
                {
                    "first": str(comparison.first),
                    "second": str(comparison.second),
                    "differences": [asdict(row) for row in comparison.differences],
                }
                for comparison in self.comparisons
            ],
        }

    def csv(self) -> bytes:
        """One row per figure and pair of talks."""
        rows = (
            map(csv_field, (str(comparison.first), str(comparison.second), *asdict(row).values()))
            for comparison in self.comparisons
            for row in comparison.differences
        )
        return csv_lines(_columns(Difference), rows)


@dataclass(frozen=True, slots=True)
class GroupsCompared:
    """Two groups of talks.

    Attributes
    ----------
    first, second
        Their folders.
    differences
        Second less first.
    caveats
        What a reader must know.
    """

    first: Path
    second: Path
    differences: tuple[GroupDifference, ...]
    caveats: tuple[Caveat, ...]

    def document(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "unit": "talk",
            "caveats": [caveat.document() for caveat in self.caveats],
            "first": str(self.first),
            "second": str(self.second),
            "differences": [asdict(row) for row in self.differences],
        }

    def csv(self) -> bytes:
        """One row per figure."""
        return _two_folders(self.first, self.second, GroupDifference, self.differences)


@dataclass(frozen=True, slots=True)
class PairsCompared:
    """The same people before and after.

    Attributes
    ----------
    first, second
        Their folders: before, after.
    people
        Names of the folders that are in both, sorted.
    differences
        After less before.
    caveats
        What a reader must know; who is left out is named here.
    """

    first: Path
    second: Path
    people: tuple[str, ...]
    differences: tuple[PairedDifference, ...]
    caveats: tuple[Caveat, ...]

    def document(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "unit": "person",
            "caveats": [caveat.document() for caveat in self.caveats],
            "first": str(self.first),
            "second": str(self.second),
            "people": list(self.people),
            "differences": [asdict(row) for row in self.differences],
        }

    def csv(self) -> bytes:
        """One row per figure."""
        return _two_folders(self.first, self.second, PairedDifference, self.differences)


def compare_talk_folders(
    folders: Sequence[Path], changes: Mapping[str, Any] | None = None, *, force: bool = False
) -> TalksCompared:
    """Compare the first talk with each of the others; decodes nothing.

    Parameters
    ----------
    folders
        Folders of results, at least two.
    changes
        Settings of the analysis for all of them, by public name; else each run's own.
    force
        Compare even what was made with other models or settings.

    Raises
    ------
    SettingsError
        With fewer than two folders, or when the talks are not comparable.
    InputNotFoundError, StoredReadingsError
        When a folder holds no complete run.
    """
    if len(folders) < 2:
        raise SettingsError("compare.one_talk")
    for folder in folders:
        _check_talk(folder)
    read = [_read(folder, changes) for folder in folders]
    caveats = tuple(caveats_of([facts for facts, _ in read]))
    refuse(caveats, force=force)
    return TalksCompared(
        tuple(
            TalkComparison(folders[0], folder, compare_talks(*_read_alike([read[0], other])))
            for folder, other in zip(folders[1:], read[1:], strict=True)
        ),
        caveats,
    )


def compare_folders(
    first: Path,
    second: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    seed: int = 0,
) -> GroupsCompared:
    """Compare two groups of talks; the talk is the unit. Decodes nothing.

    Parameters
    ----------
    first, second
        Folders that hold folders of results.
    changes, force
        As for `compare_talk_folders`.
    seed
        Of the random exchanges of the test.

    Raises
    ------
    SettingsError
        When a folder holds no results, or when the talks are not comparable.
    InputNotFoundError, StoredReadingsError
        When a folder does not exist or a run is damaged.
    """
    read: list[tuple[TalkFacts, Talk]] = []
    counts, empty = [], []
    for folder in (first, second):
        talks, without_results = _members(folder, "--groups")
        read += [_read(talk, changes) for talk in talks]
        counts.append(len(talks))
        empty += [Caveat(NO_RESULTS, {"folder": str(subfolder)}) for subfolder in without_results]
    caveats = (*caveats_of([facts for facts, _ in read]), *empty)
    refuse(caveats, force=force)
    alike = _read_alike(read)
    before, after = alike[: counts[0]], alike[counts[0] :]
    return GroupsCompared(first, second, compare_groups(before, after, seed=seed), caveats)


def compare_paired_folders(
    first: Path,
    second: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    seed: int = 0,
) -> PairsCompared:
    """Compare talks of the same people before and after; the person is the unit. Decodes nothing.

    A talk before and a talk after are a pair if their folders have the same name. Talks without a
    partner are named in the caveats and are not read.

    Parameters
    ----------
    first, second
        Folders that hold folders of results: before, after.
    changes, force
        As for `compare_talk_folders`.
    seed
        Of the random flips of the test.

    Raises
    ------
    SettingsError
        When a folder holds no results, when there are fewer than two pairs, or when the talks are
        not comparable.
    InputNotFoundError, StoredReadingsError
        When a folder does not exist or a run is damaged.
    """
    talks, left_out = [], []
    for folder in (first, second):
        with_results, without_results = _members(folder, "--paired")
        # macOS writes й and ё as two characters each: the same name all the same.
        talks.append({normalize("NFC", talk.name): talk for talk in with_results})
        left_out += [
            Caveat(NO_RESULTS, {"folder": str(subfolder)}) for subfolder in without_results
        ]
    people = tuple(name for name in talks[0] if name in talks[1])
    for mine, theirs in ((0, second), (1, first)):
        alone = [talk for name, talk in talks[mine].items() if name not in people]
        left_out += [
            Caveat(NO_PARTNER, {"folder": str(talk), "other": str(theirs)}) for talk in alone
        ]
    if len(people) < 2:
        raise SettingsError("compare.too_few_pairs", first=first, second=second, count=len(people))
    read = [_read(side[name], changes) for side in talks for name in people]
    caveats = (*caveats_of([facts for facts, _ in read]), *left_out)
    refuse(caveats, force=force)
    alike = _read_alike(read)
    before, after = alike[: len(people)], alike[len(people) :]
    return PairsCompared(first, second, people, compare_pairs(before, after, seed=seed), caveats)


# --------------------------------------------------------------------------- reading


def _read(folder: Path, changes: Mapping[str, Any] | None) -> tuple[TalkFacts, Talk]:
    """Facts and rows of one talk; its frames are not kept."""
    talk = read_machine_report(folder, changes)
    run, limit = talk.run, talk.settings.analysis.distance_limit
    faces, speech = doubted(talk.judged_faces, limit), doubted(talk.speech, limit)
    rows = judge_rows(faces, speech, run.media.duration_s, talk.settings, talk.bridge)
    comparisons = compare_intervals(
        rows.video, rows.audio, faces.labels, speech.labels, talk.bridge
    )
    words_s = None
    if talk.transcript is not None:
        words_s = [0.5 * (word.start_s + word.end_s) for word in talk.transcript.spoken_words]
    return facts_of(talk, folder), Talk(
        run.input.name,
        rows.video,
        comparisons,
        words_s=words_s,
        agreement=_agreement(talk, rows.video, faces.labels, speech),
    )


def _agreement(
    talk: Report, rows: Sequence[VideoInterval], labels: Sequence[str], speech: SpeechTrack
) -> tuple[Measure, ...] | None:
    """How face, voice and words agree; None where nothing read an emotion in the words."""
    level, duration_s = abstention_level(talk.settings.analysis), talk.run.media.duration_s
    text = SpokenText.of(talk.transcript, talk.text, (), level).firm(talk.text)
    if text is None:
        return None
    return agreement_measures(
        face_modality(rows, labels, talk.bridge),
        voice_modality(speech, duration_s, talk.bridge, firm_windows(speech, level, talk.bridge)),
        text_modality(text, duration_s, talk.bridge),
    )


def _read_alike(read: Sequence[tuple[TalkFacts, Talk]]) -> list[Talk]:
    """The talks, with what their words say only where one model read the words of all."""
    talks = [talk for _, talk in read]
    if same_text_model([facts for facts, _ in read]):
        return talks
    return [replace(talk, agreement=None) for talk in talks]


def _check_talk(folder: Path) -> None:
    if folder.is_dir() and not is_result(folder) and any(map(is_result, _subfolders(folder))):
        raise SettingsError("compare.several", file=folder)


def _members(folder: Path, option: str) -> tuple[list[Path], list[Path]]:
    """Folders with results in a folder, and those without; `option` asked for them."""
    if not folder.is_dir():
        raise InputNotFoundError("compare.no_results", file=folder)
    if is_result(folder):
        raise SettingsError("compare.one_talk_of_group", option=option, file=folder)
    inside = _subfolders(folder)
    talks = [subfolder for subfolder in inside if is_result(subfolder)]
    if not talks:
        raise SettingsError("compare.empty", file=folder)
    return talks, [subfolder for subfolder in inside if not is_result(subfolder)]


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise InputNotFoundError("file.no_rights", error=error.strerror, file=folder) from error


# --------------------------------------------------------------------------- files


def _columns(row: type[Difference | GroupDifference | PairedDifference]) -> list[str]:
    """Names of the columns: `first` and `second` are the folders, their values come later."""
    values = {"first": "first_value", "second": "second_value"}
    return ["first", "second", *(values.get(name, name) for name in row.__slots__)]


def _two_folders(
    first: Path,
    second: Path,
    row: type[GroupDifference | PairedDifference],
    differences: Sequence[GroupDifference | PairedDifference],
) -> bytes:
    rows = (
        map(csv_field, (str(first), str(second), *asdict(difference).values()))
        for difference in differences
    )
    return csv_lines(_columns(row), rows)
