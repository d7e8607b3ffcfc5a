"""Analyse one video: decode it, read the face and the voice, and build its Report.

frames → faces → face readings; samples → speech → voice readings; both → intervals, mismatches,
transitions → tables; words → what they say.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from emoreport.actions.pose import with_pose
from emoreport.actions.reading import ActionReader
from emoreport.actions.select import ACTIONS, open_actions
from emoreport.errors import EmoreportError, MediaError
from emoreport.faces.everyone import Everyone
from emoreport.faces.looks import read_looks
from emoreport.faces.reading import read_faces
from emoreport.faces.select import open_detector, open_face_model, open_recogniser
from emoreport.heads.head import short_of_faces
from emoreport.heads.known import HEAD_KNOWS, KnownNames
from emoreport.heads.leading import with_head
from emoreport.heads.needs import check_models, open_named_head, settings_for
from emoreport.media import open_audio, open_video, probe
from emoreport.memory import give_back_memory
from emoreport.models.store.model_choice import basic_models_line
from emoreport.models.store.model_store import PullProgress
from emoreport.models.witness import open_face_witness, open_voice_witness
from emoreport.records import (
    DecodeOutcome,
    FaceDetector,
    FaceEmotionModel,
    FaceTrack,
    Frame,
    MediaInfo,
    ModelRecord,
    ProgressCallback,
    Releasable,
    RunPlan,
    RunWarning,
    SpeechTrack,
    TranscriptRecord,
    VoiceActivityDetector,
    VoiceEmotionModel,
)
from emoreport.run.bridge import load_bridge
from emoreport.run.feature_file import FeatureFile, wanted_sources
from emoreport.run.folder import ResultFolders, content_sha256, is_up_to_date, refuse_others
from emoreport.run.record import plan_run, record_run
from emoreport.run.report import Report
from emoreport.run.timing import Clock, short_turns
from emoreport.settings import ADAPTIVE, NO_SHOTS, Settings
from emoreport.speech.activity import SileroDetector
from emoreport.speech.reading import read_speech
from emoreport.speech.select import open_voice_model
from emoreport.spoken_words import SpokenWords
from emoreport.words.choosing import ChosenTranscript, transcript_record

Announce = Callable[[str], None]
Heard = tuple[SpeechTrack, DecodeOutcome | None]

DURATION_TOLERANCE_S: Final = 0.05
"""So much may the container's claim differ from the end of the last frame: about one frame."""


LONG_S: Final = 1800.0
"""Of a longer recording, the statistics need the memory of the models more than the next recording
needs the tenth of a second in which they are loaded."""

ONE_DECODER_THREAD_PX: Final = 1280 * 720
"""Up to this size one thread decodes faster than detection follows; more cost time in sum."""


class _StoppedError(Exception):
    """Ends the reading of the voice early when nobody needs it any more."""


def _log_line(line: str) -> None:
    """Tell what a user must see where no command line shows it: by default on stderr."""
    logging.getLogger("emoreport").warning(line)


def _ignore_progress(stage: str, done: float, total: float | None) -> None:
    """Take progress that nobody wants to see."""


class Analyzer:
    """Analyses videos one after the other with models that are opened once.

    Parameters
    ----------
    settings
        What to do; defaults if None.
    announce
        Called with each line that a user must see: a download before it begins, and that the
        basic models run because better ones are not to be had. Left out, they go to the logger
        ``emoreport`` as warnings.
    progress
        Called with ``(stage, done, total)`` in seconds of the recording.
    pull_progress
        Called with ``(file, bytes done, bytes in total or None)`` while a model is downloaded.

    Raises
    ------
    ModelError, SettingsError
        When a model is not available.

    Examples
    --------
    >>> with Analyzer() as analyzer:                                  # doctest: +SKIP
    ...     report = analyzer.analyze("talk.mp4")
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        announce: Announce = _log_line,
        progress: ProgressCallback = _ignore_progress,
        pull_progress: PullProgress | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._progress = progress
        self._bridge = load_bridge(self.settings.analysis.bridge)
        with ExitStack() as stack:
            self._head = open_named_head(self.settings)
            seeing = settings_for("face", self._head, self.settings)
            hearing = settings_for("voice", self._head, self.settings)
            self._face_model: FaceEmotionModel = open_face_model(seeing, announce, pull_progress)
            self._voice_model: VoiceEmotionModel | None = open_voice_model(
                hearing, announce, pull_progress
            )
            self._sources = wanted_sources(
                self._face_model, seeing.features, self._voice_model, hearing.features
            )
            if self._head is not None:
                check_models(self._head, self._sources)
            self._face_witness = open_face_witness(
                self._face_model, seeing, announce, pull_progress
            )
            self._words = SpokenWords.open(self.settings, announce, pull_progress)
            self._voice_witness = open_voice_witness(
                self._voice_model, hearing, announce, pull_progress
            )
            self._activity: VoiceActivityDetector = SileroDetector(
                self.settings.speech.speech_threshold
            )
            self._detector: FaceDetector = open_detector(self.settings, announce, pull_progress)
            stack.callback(self._detector.close)
            self._recogniser = open_recogniser(self.settings)
            self._actions = open_actions(self.settings, announce, pull_progress)
            if self._actions is not None:
                stack.callback(self._actions.close)
            voice = None if self._voice_model is None else self._voice_model.record
            basic = basic_models_line(self._face_model.record, voice, self.settings.output.lang)
            if basic:
                announce(basic)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the detector and the models."""
        self._stack.close()

    def plan(
        self,
        video: Path,
        sha256: str,
        *,
        recorded_path: str | None = None,
        transcript: TranscriptRecord | None = None,
    ) -> RunPlan:
        """What is known of a run before anything is decoded; parameters as for `analyze`.

        `transcript` says whence the words are; None without any.
        """
        voice = self._voice_model
        further = {
            "face_witness": self._face_witness,
            "speech_witness": self._voice_witness,
            ACTIONS: self._actions,
            "face_recogniser": self._recogniser,
        }
        return plan_run(
            video,
            sha256,
            {
                "face": self._face_model.record,
                "speech": ModelRecord("none") if voice is None else voice.record,
                **{role: model.record for role, model in further.items() if model is not None},
                **self._words.models,
                **({} if self._head is None else {"head": self._head.record}),
                "face_detector": ModelRecord(self._detector.name),
                "voice_activity": ModelRecord(self._activity.name),
            },
            self.settings,
            self._bridge,
            recorded_path=recorded_path,
            transcript=transcript,
        )

    def analyze(
        self,
        video: Path | str,
        *,
        sha256: str | None = None,
        recorded_path: str | None = None,
        name: str | None = None,
    ) -> Report:
        """Analyse one video and return its report; nothing is written.

        Parameters
        ----------
        video
            Path of the video.
        sha256
            Digest of its content, if the caller knows it.
        recorded_path
            Where the video really is, should `video` be a copy of it.
        name
            What a folder of transcripts knows it by; its file name if None.

        Raises
        ------
        EmoreportError
            One of its children, with file, stage, cause and remedy.
        """
        path = Path(video)
        try:
            digest = sha256 or content_sha256(path)
            return self._analyze(path, digest, recorded_path, name or path.name)
        except EmoreportError as error:
            error.with_file(path)
            raise

    def analyze_into(
        self, folders: ResultFolders, video: Path, *, progress: ProgressCallback | None = None
    ) -> tuple[Path, Report | None]:
        """Analyse one video and write its files, unless they are there already.

        Parameters
        ----------
        folders
            Where to.
        video
            Path of the video.
        progress
            As for `Report.write`.

        Returns
        -------
        The folder, and the report; None for results that were there.

        Raises
        ------
        EmoreportError
            One of its children; among them `OutputError` for results that were made otherwise,
            unless the settings say to overwrite them.
        """
        sha256 = content_sha256(video)
        folder = folders.claim(video, sha256)
        words = transcript_record(self.settings.words, video.name)
        plan = self.plan(video, sha256, transcript=words)
        if not self.settings.output.overwrite and is_up_to_date(folder, plan):
            return folder, None
        with folders.hold(video, sha256) as folder:
            report = self.analyze(video, sha256=sha256)
            refuse_others(folder, sha256)
            report.write(folder, progress=progress)
        return folder, report

    def _analyze(self, path: Path, sha256: str, recorded_path: str | None, name: str) -> Report:
        clock = Clock()
        with clock.stage("probe"):
            info = probe(path)
        # Before anything is decoded: a transcript that cannot be used is told at once.
        chosen = self._words.transcript_of(name, info.duration_s)
        features = self._feature_file()
        reader = self._action_reader(info)
        with features or nullcontext(), reader or nullcontext():
            everyone = Everyone(
                self._face_model, self.settings.faces, self._face_witness, self._recogniser
            )
            faces, pictures, (speech, sound) = self._read(
                path, info, clock, features, reader, everyone
            )
            actions = None if reader is None else reader.track()
        if pictures.duration_s > LONG_S:
            models: tuple[object, ...] = (self._face_model, self._voice_model)
            for model in models:
                if isinstance(model, Releasable):
                    model.release()
        give_back_memory()
        if actions is not None:
            faces = with_pose(faces, actions, self._face_model.record.head_limits)
        plan = self.plan(path, sha256, recorded_path=recorded_path)
        run = record_run(plan, info, pictures, sound, faces, speech, clock.seconds)
        report = Report(faces, speech, run, self.settings, self._bridge, actions=actions)
        if (seen := everyone.build(faces)) is not None:
            report = replace(report, seen=seen[0], appearance=seen[1])
        if features is not None and self._head is not None:
            with clock.stage("head"):
                report = self._headed(report, features)
        if self.settings.features.features:
            report = replace(report, features=features)
        if self._words.are_wanted:
            report = self._with_words(report, chosen, path, info, clock)
        with clock.stage("analysis"):
            report = report.with_people()
            _ = report.analysis  # made on demand: now, so that its time is known
        return report

    def _headed(self, report: Report, features: FeatureFile) -> Report:
        """The report with what the head says in its place."""
        assert self._head is not None
        track, run = self._head.run(features.path), report.run
        told = [short_of_faces(self._head.metadata, track)]
        if KnownNames(self._head.metadata).holds([run.input.name]):
            told.append(RunWarning(HEAD_KNOWS, {"head": self._head.record.name}))
        run = replace(run, warnings=(*run.warnings, *filter(None, told)))
        led = with_head(track, self._head.record, report.faces, report.speech)
        if led.faces is not report.faces:  # the head reads the face of one
            report = replace(report, seen=None, appearance=None)
        return replace(report, faces=led.faces, speech=led.speech, head=led.table, run=run)

    def _with_words(
        self,
        report: Report,
        chosen: ChosenTranscript | None,
        path: Path,
        info: MediaInfo,
        clock: Clock,
    ) -> Report:
        """The report with its words, and what they say."""
        duration_s = report.run.media.duration_s
        with clock.stage("words"):
            words = self._words.find(
                chosen,
                duration_s,
                report.speech.speech,
                lambda: open_audio(path, info, duration_s=duration_s),
                self._progress,
            )
        with clock.stage("text"):
            words = self._words.read(words)
        return words.put_in(report)

    def _feature_file(self) -> FeatureFile | None:
        """Where the features of a recording are kept while it is read; None without any."""
        if not self._sources:
            return None
        return FeatureFile(self._sources.get("face"), self._sources.get("voice"))

    def _action_reader(self, info: MediaInfo) -> ActionReader | None:
        """What watches the actions of the face; None where nobody wants it to."""
        if self._actions is None or not info.has_picture:
            return None
        return ActionReader(self._actions, self.settings.actions)

    def _read(
        self,
        path: Path,
        info: MediaInfo,
        clock: Clock,
        features: FeatureFile | None,
        actions: ActionReader | None,
        everyone: Everyone,
    ) -> tuple[FaceTrack, DecodeOutcome, Heard]:
        """Read face and voice side by side: together they keep two processors busy.

        How long the video is, is known only when its last frame is decoded. The voice goes by
        the container's claim meanwhile and is read again should that turn out to be wrong.
        """
        if not info.has_picture:
            return self._read_sound(path, info, clock, features)
        stop = threading.Event()
        with short_turns(), ThreadPoolExecutor(1, thread_name_prefix="speech") as pool:
            claimed_s = info.duration_s
            job = None
            if claimed_s is not None:
                job = pool.submit(self._read_speech, path, info, claimed_s, clock, stop, features)
            try:
                with clock.stage("faces"):
                    faces, outcome = self._read_faces(path, info, features, actions, everyone)
            except BaseException:
                stop.set()
                raise
            if job is None or abs(outcome.duration_s - (claimed_s or 0.0)) > DURATION_TOLERANCE_S:
                stop.set()
                wait([job] if job else [])
                heard = self._read_speech(
                    path, info, outcome.duration_s, clock, threading.Event(), features
                )
            else:
                heard = job.result()
        return faces, outcome, heard

    def _read_sound(
        self, path: Path, info: MediaInfo, clock: Clock, features: FeatureFile | None
    ) -> tuple[FaceTrack, DecodeOutcome, Heard]:
        """Read a recording that has no picture: its time line is that of the sound."""
        speech, sound = self._read_speech(path, info, None, clock, threading.Event(), features)
        if sound is None or not sound.frames:
            raise MediaError("media.no_sound_decoded")
        unseen = read_faces(
            (), self._detector, self._face_model, self.settings.faces, witness=self._face_witness
        )
        nothing = DecodeOutcome(sound.duration_s, 0, 0, sound.time_quality)
        return unseen, nothing, (speech, sound)

    def _read_faces(
        self,
        path: Path,
        info: MediaInfo,
        features: FeatureFile | None,
        actions: ActionReader | None,
        everyone: Everyone,
    ) -> tuple[FaceTrack, DecodeOutcome]:
        small = info.width_px * info.height_px <= ONE_DECODER_THREAD_PX
        threads = self.settings.runtime.threads or (1 if small else 0)
        decoding = self.settings.decoding
        shots = decoding.shots != NO_SHOTS
        also = None if actions is None else actions.fps
        with open_video(path, fps=decoding.fps, also=also, threads=threads, shots=shots) as source:
            frames = self._watched(source, info.duration_s)
            read = read_looks if decoding.fps == ADAPTIVE else read_faces
            faces = read(
                frames,
                self._detector,
                self._face_model,
                self.settings.faces,
                witness=self._face_witness,
                keep=features.add_face if features and "face" in self._sources else None,
                see=None if actions is None else actions.see,
                everyone=everyone,
            )
            return faces if shots else replace(faces, shot=None), source.outcome

    def _watched(self, source: Iterable[Frame], total_s: float | None) -> Iterator[Frame]:
        """Yield the frames of `source`, telling the progress."""
        for frame in source:
            self._progress("faces", frame.time_s, total_s)
            yield frame
        if total_s is not None:
            self._progress("faces", total_s, total_s)

    def _read_speech(
        self,
        path: Path,
        info: MediaInfo,
        duration_s: float | None,
        clock: Clock,
        stop: threading.Event,
        features: FeatureFile | None,
    ) -> Heard:
        """Read the voice; without a `duration_s` the recording is as long as its sound."""

        def progress(stage: str, done_s: float, total_s: float | None) -> None:
            if stop.is_set():
                raise _StoppedError
            self._progress(stage, done_s, total_s)

        if features is not None:
            features.forget_voice()
        with clock.stage("speech"):
            track = open_audio(path, info, duration_s=duration_s, keep_on=lambda: not stop.is_set())
            if duration_s is None:
                duration_s = 0.0 if track is None else track.outcome.duration_s
            try:
                speech = read_speech(
                    track,
                    self._activity,
                    self._voice_model,
                    self.settings.speech,
                    witness=self._voice_witness,
                    keep=features.add_voice if features and "voice" in self._sources else None,
                    duration_s=duration_s,
                    progress=progress,
                )
                return speech, None if track is None else track.outcome
            finally:
                if track is not None:
                    track.close()


def analyze(
    video: Path | str,
    settings: Settings | None = None,
    *,
    announce: Announce = _log_line,
    progress: ProgressCallback = _ignore_progress,
) -> Report:
    """Analyse one video and return its report; nothing is written.

    Parameters
    ----------
    video
        Path of a video of one person talking.
    settings
        What to do; defaults if None.
    announce, progress
        See `Analyzer`.

    Raises
    ------
    EmoreportError
        One of its children, with file, stage, cause and remedy.

    Examples
    --------
    >>> report = analyze("samples/talk.mp4")                          # doctest: +SKIP
    >>> report.video_intervals[["emotion", "start", "end"]]           # doctest: +SKIP
    >>> report.write("statistics/talk")                               # doctest: +SKIP
    """
    with Analyzer(settings, announce=announce, progress=progress) as analyzer:
        return analyzer.analyze(video)
