"""Do a worker's job, wherever it runs: open the models once, then analyse video after video."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from emoreport.batch.engine import Failed, Finished, NoVideo, Opened, VideoJob, VideoOutcome
from emoreport.batch.parts import interval_table, kinds, load_arrow, write_part
from emoreport.batch.remote.staging import staged
from emoreport.batch.remote.stores import TransferError, hidden
from emoreport.errors import (
    EmoreportError,
    InputNotFoundError,
    MediaError,
    OutputError,
    StoredReadingsError,
)
from emoreport.media import probe
from emoreport.models.store.model_store import PullProgress
from emoreport.pipeline import Analyzer
from emoreport.run.fingerprint import (
    WITHOUT_EFFECT,
    fingerprint_of,
    is_retabled,
    readings_fingerprint_of,
)
from emoreport.run.folder import refuse_link, refuse_others
from emoreport.run.read import read_report
from emoreport.run.report import Report
from emoreport.settings import Settings
from emoreport.words.choosing import cause_of, is_of_transcript

INTERNAL: Final = "internal"
LIMITS: Final = "limits"
"""Stages of failures that are no `EmoreportError`."""
PASSING_STAGES: Final = frozenset(
    {OutputError.stage, TransferError.stage, InputNotFoundError.stage, "models"}
)
"""A failure in one of these says nothing about the video."""

StageProgress = Callable[[VideoJob, str, float, float | None], None]


class Workshop:
    """Models that are open, and what is done with one video after the other.

    Parameters
    ----------
    settings
        What to do.
    announce
        Takes lines that a user must see.
    progress
        Takes ``(job, stage, done, total)`` in seconds of the recording; several threads call it.
    pull_progress
        As for `Analyzer`.

    Raises
    ------
    ModelError, SettingsError
        When a model is not available.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        announce: Callable[[str], None],
        progress: StageProgress,
        pull_progress: PullProgress | None = None,
    ) -> None:
        load_arrow()
        self._settings = settings
        self._progress = progress
        self._job: VideoJob | None = None
        self._changes = {
            name: value
            for name, value in settings.values().items()
            if is_retabled(name) and name not in WITHOUT_EFFECT
        }
        self._analyzer = Analyzer(
            settings, announce=announce, progress=self._tell, pull_progress=pull_progress
        )
        # No video decides which models run: any file will do to ask for the plan.
        plan = self._analyzer.plan(Path(__file__), "")
        table = interval_table(
            plan.face_model.labels,
            plan.speech_model.labels,
            baseline=settings.analysis.baseline != "none",
        )
        self.opened = Opened(
            fingerprint=fingerprint_of(plan),
            readings=readings_fingerprint_of(plan),
            columns=kinds(table),
            models=(plan.face_model.name, plan.speech_model.name),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the models."""
        self._analyzer.close()

    def work(self, job: VideoJob) -> VideoOutcome:
        """Analyse one video and write its results; no failure leaves this function."""
        started = time.monotonic()
        self._job = job
        try:
            with staged(job) as local:
                if not job.certain:
                    reason = _without_pictures(Path(local.path))
                    if reason is not None:
                        return NoVideo(job, reason)
                report = self._report(local, job.path)
                files = tuple(sorted(file.name for file in Path(local.folder).iterdir()))
            return Finished(
                job=job,
                summary=summary_row(report),
                files=files,
                warnings=report.warnings(self._settings.output.lang),
                wall_s=round(time.monotonic() - started, 3),
            )
        except EmoreportError as error:
            words = self._settings.words
            # A transcript can be put right while the video stays the same.
            lasting = error.stage not in PASSING_STAGES and not is_of_transcript(error, words)
            cause = cause_of(error, words)
            return Failed(job, error.stage, cause, error.remedy, lasting, traceback.format_exc())
        except MemoryError:
            return Failed.worded(job, LIMITS, "no_memory", lasting=False)
        except Exception as error:  # noqa: BLE001 - the edge: one bad video must not end the rest
            trace = traceback.format_exc()
            return Failed.worded(job, INTERNAL, "internal", {"error": error}, trace=trace)
        finally:
            self._job = None

    def _report(self, job: VideoJob, source: str) -> Report:
        """The report of a video: from its folder if it is there, else made and written.

        `source` is where the video really is, should the job's path be a copy's.
        """
        if job.collect or job.retable:
            try:
                stored = read_report(job.folder, self._changes if job.retable else None)
            except StoredReadingsError:
                pass  # without readings, or with damaged ones, the video is analysed again
            else:
                if job.retable:
                    self._put(stored, job)
                else:
                    write_part(Path(job.part), stored, self.opened, job.sha256)
                return stored
        recorded_path = None if job.path == source else hidden(source)
        report = self._analyzer.analyze(
            job.path, sha256=job.sha256, recorded_path=recorded_path, name=job.name
        )
        _check_unchanged(job)
        self._put(report, job)
        return report

    def _put(self, report: Report, job: VideoJob) -> None:
        """Write the rows of a report, then its files."""
        folder = Path(job.folder)
        refuse_link(folder)
        refuse_others(folder, job.sha256)
        write_part(Path(job.part), report, self.opened, job.sha256)
        report.write(folder, copy=Path(job.path), progress=self._tell)

    def _tell(self, stage: str, done_s: float, total_s: float | None) -> None:
        if self._job is not None:
            self._progress(self._job, stage, done_s, total_s)


def summary_row(report: Report) -> dict[str, Any]:
    """The one row of the summary as JSON values; None for unknown."""
    frame = report.tables["summary"]
    return {
        str(name): None if frame[name].isna().tolist()[0] else frame[name].tolist()[0]
        for name in frame.columns
    }


def _without_pictures(path: Path) -> str | None:
    """Why a file that only began like a video is none; None if it is one."""
    try:
        return None if probe(path).has_picture else "there is no picture, only sound"
    except MediaError as error:
        return error.cause


def _check_unchanged(job: VideoJob) -> None:
    """A file that is still being copied gives tables about a part of it: refuse them."""
    try:
        facts = Path(job.path).stat()
    except OSError as error:
        raise InputNotFoundError("batch.vanished", error=error.strerror) from error
    if (facts.st_size, facts.st_mtime_ns) != (job.size_bytes, job.mtime_ns):
        raise MediaError("batch.changed")
