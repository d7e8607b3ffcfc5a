"""The readings of one talk as they lie in its folder of results, with the settings of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoreport.analysis.rows.bridge import Bridge
from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.records import FaceTrack, SpeechTrack
from emoreport.run.annotations import MACHINE, stored_labels
from emoreport.run.report import RUN_FILE, load_bridge, read_run, settings_of
from emoreport.settings import Settings
from emoreport.tables import readings


@dataclass(frozen=True, slots=True)
class StoredTalk:
    """Readings of one talk, and what is known of the run that made them.

    Attributes
    ----------
    folder
        Where they lie.
    run
        Content of run.json.
    settings
        The settings of the run, or what was asked for instead.
    bridge
        Shared label space of face and voice, by these settings.
    faces, speech
        The readings.
    """

    folder: Path
    run: Mapping[str, Any]
    settings: Settings
    bridge: Bridge
    faces: FaceTrack
    speech: SpeechTrack

    @property
    def name(self) -> str:
        """Name of the recording."""
        return str(self.run["input"]["name"])

    @property
    def duration_s(self) -> float:
        """Length of the recording, seconds."""
        return float(self.run["media"]["duration_s"])


def is_result(folder: Path) -> bool:
    """Whether a folder holds the results of one talk."""
    return (folder / RUN_FILE).is_file()


def read_stored(folder: Path, changes: Mapping[str, Any] | None = None) -> StoredTalk:
    """Read the stored readings of one talk; decodes and analyses nothing.

    Without a new one, the bridge is the mapping that run.json holds: its file may have changed
    since, or be gone.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    changes
        Settings to set anew, by public name.

    Raises
    ------
    SettingsError
        When a change, or the bridge that it names, cannot be used, or when the labels of the folder
        are those of a person.
    InputNotFoundError, StoredReadingsError
        When the folder holds no complete run.
    """
    run = read_run(folder)
    if stored_labels(run) != MACHINE:
        raise SettingsError(
            "the labels of this folder are those of a person; this command cuts the readings anew",
            remedy="`emoreport retable --labels none --out DIR` makes a folder with the machine's",
            file=folder,
        )
    settings = settings_of(run, folder, changes or {})
    given = "bridge" in (changes or {}) or "bridge" not in run
    bridge = load_bridge(settings.analysis.bridge) if given else _bridge_of(run, folder)
    return StoredTalk(
        folder=folder,
        run=run,
        settings=settings,
        bridge=bridge,
        faces=readings.read_frames(folder / readings.FRAMES_FILE),
        speech=readings.read_speech(folder / readings.SPEECH_FILE),
    )


def _bridge_of(run: Mapping[str, Any], folder: Path) -> Bridge:
    try:
        return Bridge.from_mapping(dict(run["bridge"]))
    except (SettingsError, TypeError, ValueError) as error:
        raise StoredReadingsError(
            f"holds a label bridge that cannot be used ({error})",
            remedy="name one with --bridge, or analyse the video again",
            file=folder / RUN_FILE,
        ) from error
