"""One finished run: readings, the record of how they were made, and all that follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.mismatch.articulation_off import judged_faces
from emoreport.analysis.people.corrections import Corrections, corrected, same_person
from emoreport.analysis.people.grouping import measured
from emoreport.analysis.rows.bridge import Bridge
from emoreport.finding import finding_sentence
from emoreport.memory import give_back_memory
from emoreport.messages import figures, text
from emoreport.plots.kinds import draw_plot
from emoreport.plots.plot import Plot
from emoreport.records import (
    ActionTrack,
    FaceTrack,
    HeadTrack,
    Person,
    ProgressCallback,
    Recording,
    RunRecord,
    SeenFaces,
    SpeechTrack,
    TextReadings,
    TrackAppearance,
    Transcript,
)
from emoreport.results import Analysis
from emoreport.run.annotations import stored_labels
from emoreport.run.display import report_html, report_lines
from emoreport.run.feature_file import FeatureFile
from emoreport.run.page_video import find_video, page_bytes, seen_from
from emoreport.run.people import folder_of, named_actions, own_actions, remove_others, settled
from emoreport.run.record import settings_document
from emoreport.run.run_json import document
from emoreport.settings import ALL_PEOPLE, ONE_PERSON, Settings
from emoreport.settings.keywords import SettingValues
from emoreport.tables import store
from emoreport.tables.feature_files import FEATURES_FILE
from emoreport.tables.frames import build_tables, shown_tables
from emoreport.tables.summary_facts import SummaryFacts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Report:
    """What one video gave: readings and the record of the run; intervals and tables on demand.

    Attributes
    ----------
    faces, speech
        The readings.
    run
        What run.json holds.
    settings, bridge
        What the tables are made with: settings, and the shared label space of face and voice.
    folder
        The folder whose stored readings it came from; None for a fresh analysis.
    head
        Readings of a trained head that has a table of its own; None without one.
    actions
        What the face did besides; None where that was not measured.
    features
        What a fresh analysis kept of the models' features; None where nobody wanted any.
    transcript
        The words with their times; None without any.
    text
        What they say, clause by clause; None where no model read them.
    seen, appearance
        All faces, and what their tracks look like; None with fewer tracks than two, and
        where a head reads the face: it reads that of one.
    """

    faces: FaceTrack
    speech: SpeechTrack
    run: RunRecord
    settings: Settings
    bridge: Bridge
    folder: Path | None = None
    head: HeadTrack | None = None
    actions: ActionTrack | None = None
    features: FeatureFile | None = None
    transcript: Transcript | None = None
    text: TextReadings | None = None
    seen: SeenFaces | None = None
    appearance: TrackAppearance | None = None

    @cached_property
    def analysis(self) -> Analysis:
        """Intervals, comparisons, transitions, statistics and summary as records.

        Where the run holds labels of a person, they take the place of the machine's.
        """
        give_back_memory()
        labels = stored_labels(self.run)
        recording = Recording(
            name=self.run.input.name,
            duration_s=self.run.media.duration_s,
            frame_rate_hz=self.run.media.frame_rate_hz,
            face_model=labels.source("face", self.run.face_model.name),
            speech_model=labels.source("voice", self.run.speech_model.name),
        )
        found = analyze_readings(
            self.faces,
            self.speech,
            recording,
            self.settings,
            self.bridge,
            labels.labels,
            self.head,
            self._shown_transcript,
            self.text,
            own_actions(self.actions, self.seen, self.run.people, self.run.person),
            self.seen,
            self.run.people,
            self.run.person,
        )
        give_back_memory()
        return found

    @cached_property
    def judged_faces(self) -> FaceTrack:
        """The face readings that rows are made of, corrected as the settings want."""
        duration_s = self.run.media.duration_s
        return judged_faces(self.faces, self._shown_transcript, duration_s, self.settings)

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name, with the columns of the CSV files."""
        return build_tables(self.analysis, self.faces, self.speech, self.head)

    @property
    def video_intervals(self) -> pd.DataFrame:
        """Emotions of the face: one row per interval."""
        return self.tables["video_intervals"]

    @property
    def audio_intervals(self) -> pd.DataFrame:
        """Emotions of the voice over the same intervals."""
        return self.tables["audio_intervals"]

    @property
    def voice_intervals(self) -> pd.DataFrame:
        """Emotions of the voice on spans of its own: one row per stretch of one emotion."""
        return self.tables["voice_intervals"]

    @property
    def modality_mismatch(self) -> pd.DataFrame:
        """Intervals where face and voice disagree."""
        return self.tables["modality_mismatch"]

    @property
    def modality_duration(self) -> pd.DataFrame:
        """Every interval with both emotions and whether they match."""
        return self.tables["modality_duration"]

    @property
    def face_voice(self) -> pd.DataFrame:
        """Face and voice, each cut on its own, wherever two of their rows meet."""
        return self.tables["face_voice"]

    @property
    def transitions(self) -> pd.DataFrame:
        """Ordered pairs of neighbouring emotions: from, to, count, probability."""
        return self.tables["transitions"]

    @property
    def transition_statistics(self) -> pd.DataFrame:
        """Rates, shares, dwell times and tests of the face's changes: one row per number."""
        return self.tables["transition_statistics"]

    @property
    def mismatch_statistics(self) -> pd.DataFrame:
        """Face against voice over the whole talk, beside chance: one row per number."""
        return self.tables["mismatch_statistics"]

    @property
    def people(self) -> pd.DataFrame:
        """Who is seen: one row per person."""
        return self.tables["people"]

    @property
    def acoustics(self) -> pd.DataFrame | None:
        """Pitch, loudness, tempo and pauses of the voice; None where they were not measured."""
        return self.tables.get("acoustics")

    @property
    def head_intervals(self) -> pd.DataFrame | None:
        """What a trained head says; None where none ran that has a table of its own."""
        return self.tables.get("head_intervals", self.tables.get("engagement"))

    @property
    def words(self) -> pd.DataFrame | None:
        """Which words are said when; None without a transcript, and where words are hidden."""
        return self.tables.get("words")

    @property
    def speech_rate(self) -> pd.DataFrame | None:
        """How fast the talk and each row of the face are spoken; None without a transcript."""
        return self.tables.get("speech_rate")

    @property
    def text_intervals(self) -> pd.DataFrame | None:
        """What the words say in each row of the face; None where no model read them."""
        return self.tables.get("text_intervals")

    @property
    def text_clauses(self) -> pd.DataFrame | None:
        """What the words say clause by clause; None where no model read them."""
        return self.tables.get("text_clauses")

    @property
    def modalities(self) -> pd.DataFrame | None:
        """Face, voice and words against each other: a row per number; None without words."""
        return self.tables.get("modalities")

    @property
    def action_intervals(self) -> pd.DataFrame | None:
        """Pose, gaze, eyes, brows and mouth in each row; None where they were not measured."""
        return self.tables.get("action_intervals")

    @property
    def action_events(self) -> pd.DataFrame | None:
        """Blinks, smiles, open mouths; None where they were not measured."""
        return self.tables.get("action_events")

    @property
    def action_summary(self) -> pd.DataFrame | None:
        """One row on what the face did in the whole talk; None where that was not measured."""
        return self.tables.get("action_summary")

    @property
    def summary(self) -> pd.DataFrame:
        """One row about the whole video."""
        return self.tables["summary"]

    def plot(
        self,
        kind: Literal["timeline", "shares", "transitions", "matrix"] = "timeline",
        *,
        lang: str | None = None,
    ) -> Plot:
        """Draw the talk: what `emoreport plot` draws. A notebook shows it, `save` writes it.

        Parameters
        ----------
        kind
            ``timeline``: face, voice, speech and severity over time; ``shares``: how the time with
            an emotion is shared out; ``transitions``: which emotion of the face followed which;
            ``matrix``: face by voice.
        lang
            Language of its words; that of the settings if left out.

        Raises
        ------
        SettingsError
            When there is no such kind.
        """
        return draw_plot(self, kind, lang or self.settings.output.lang)

    def with_settings(self, **changes: Unpack[SettingValues]) -> Report:
        """The report with other settings, as its record has them too."""
        settings = self.settings.replace(**changes)
        run = replace(self.run, settings=settings_document(settings))
        return replace(self, settings=settings, run=run)

    def with_people(self, people: Sequence[Person] | None = None) -> Report:
        """The report about the person whom its settings name, with all who were seen.

        Parameters
        ----------
        people
            Who was seen; None for those of the stored run, or to find out from what faces look
            like.

        Raises
        ------
        SettingsError
            When nobody is called so, or the readings of that person are not kept.
        """
        wanted = self.settings.analysis.person
        run, faces = settled(self.run, wanted, self.faces, self.seen, self.appearance, people)
        return replace(self, run=run, faces=faces)

    def with_corrections(self, corrections: Corrections) -> Report:
        """The report with its people put right.

        Raises
        ------
        SettingsError
            When a correction cannot be made.
        """
        people = corrected(self.run.people, corrections)
        if self.seen is not None:
            people = measured(people, self.seen, self.faces, self.run.media.duration_s)
        wanted = same_person(self.settings.analysis.person, self.run.people, people)
        return self.with_settings(person=wanted).with_people(people)

    def _others(self) -> Iterator[tuple[str, Report]]:
        """Key and report of each person but the one whom this one is about."""
        for person in self.run.people if self.seen is not None else ():
            if person.key != self.run.person:
                other = self.with_settings(person=person.key, people=ONE_PERSON).with_people()
                yield person.key, replace(other, folder=None)

    def __repr__(self) -> str:
        """Five lines about the talk."""
        return report_lines(self, self.settings.output.lang)

    def _repr_html_(self) -> str:
        """What a notebook shows: the finding, the timeline, the main figures."""
        return report_html(self, self.settings.output.lang)

    def warnings(self, lang: str = "en") -> tuple[str, ...]:
        """What a reader of the tables must know, one sentence each, in `lang`."""
        return tuple(
            text(f"cli.warning.{warning.key}", lang, **figures(warning.values, lang))
            for warning in self.run.warnings
        )

    def write(
        self,
        folder: Path | str,
        *,
        copy: Path | None = None,
        video: Path | None = None,
        progress: ProgressCallback | None = None,
    ) -> Path:
        """Write every file of the report into `folder`; return the folder.

        run.json comes last, so that a folder with it is complete. With `page_video` ``embed``, the
        video is read once more for the page. With `people` ``all``, the tables of every other
        person are in a folder of their own in it.

        Parameters
        ----------
        folder
            Where to; made if it is not there.
        copy
            A copy of the video on this machine, where the run names one that is elsewhere.
        video
            Where the video is now; None for where the run found it.
        progress
            Told ``("page", done, total)``, seconds of the recording, while the video is embedded.

        Raises
        ------
        OutputError
            When something cannot be written; files that are finished stay intact.
        InputNotFoundError, MediaError
            When the video is to be embedded in the page and cannot be read.
        """
        target = Path(folder)
        output = self.settings.output
        formats = output.formats
        if self.folder is not None and target.resolve() == self.folder.resolve():
            # The readings that this report came from are what another `retable` needs.
            formats = (*formats, "parquet")
        video = video or find_video(self.run.input, self.folder)
        run = replace(self.run, input=seen_from(target, self.run.input, video))
        page = None
        if "html" in formats:
            page = page_bytes(
                self,
                run.input,
                video=copy or video,
                lang=output.lang,
                mode=output.page_video,
                progress=progress,
            )
        give_back_memory()
        store.write_all(
            target,
            partial(shown_tables, self.analysis, self.faces, self.speech, self.head),
            store.Readings(
                self.faces,
                self.speech,
                self.head,
                named_actions(self.actions, self.seen, self.run.people),
                self._shown_transcript,
                self.text,
                self._seen_files,
            ),
            document(run),
            formats=formats,
            page=page,
            features=self._features_path(),
            lang=output.lang,
            excel_locale=output.excel_locale,
            facts=SummaryFacts(
                program=f"emoreport {run.program_version}",
                models={role: model for role, model in run.judges.items() if model.runtime},
                settings=self.settings.values(),
                bridge=run.bridge,
                warnings=self.warnings(output.lang),
                finding=finding_sentence(self, output.lang),
            ),
        )
        kept = []
        if output.people == ALL_PEOPLE:
            for key, other in self._others():
                kept.append(other.write(target / folder_of(key), copy=copy, video=video))
        remove_others(target, self.run.input.sha256, kept)
        return target

    @property
    def _shown_transcript(self) -> Transcript | None:
        """The words as far as the settings let files hold them."""
        if self.transcript is None or self.settings.output.text_output == "full":
            return self.transcript
        return self.transcript.without_text()

    @property
    def _seen_files(self) -> tuple[SeenFaces, TrackAppearance] | None:
        if self.seen is None or self.appearance is None:
            return None
        return self.seen, self.appearance

    def _features_path(self) -> Path | None:
        if self.features is not None:
            return self.features.path
        stored = None if self.folder is None else self.folder / FEATURES_FILE
        return stored if stored is not None and stored.is_file() else None
