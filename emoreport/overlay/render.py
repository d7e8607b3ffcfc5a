"""Write the video of a talk with the results drawn on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from emoreport.atomic import Staging
from emoreport.errors import SettingsError
from emoreport.media.encoding import ENCODERS, choose_encoder
from emoreport.overlay.drawing import Overlay
from emoreport.overlay.hide_faces import MESH, hidden
from emoreport.overlay.placing import detail_map
from emoreport.overlay.recut import Cut, check_target, check_video, recut, require_picture
from emoreport.records import DecodeOutcome, ProgressCallback
from emoreport.run.report import Report

FILE: Final = "annotated.mp4"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A video that was written.

    Attributes
    ----------
    path
        Where it is.
    outcome
        What decoding the recording found.
    encoder
        Encoder of its pictures.
    is_analysed_video
        Whether the recording is the one that was analysed, to the bit.
    """

    path: Path
    outcome: DecodeOutcome
    encoder: str
    is_analysed_video: bool

    @property
    def plays_everywhere(self) -> bool:
        """Whether the pictures are H.264."""
        return self.encoder == ENCODERS[0]


def render(
    report: Report,
    video: Path,
    target: Path,
    *,
    hiding: str | None = None,
    words: bool = False,
    lang: str = "en",
    overwrite: bool = False,
    force: bool = False,
    announce: Callable[[str], None] | None = None,
    progress: ProgressCallback | None = None,
) -> Rendered:
    """Write the video of a talk with face box, bars, strip, mismatch flag and time.

    Parameters
    ----------
    report
        Of the talk.
    video
        The recording.
    target
        Where to; ends in .mp4.
    hiding
        ``blur``, ``mesh`` or None, as `hide_faces.hidden` takes it.
    words
        Draw what is said, as captions.
    lang
        Language of the words.
    overwrite
        Replace a file that is there.
    force
        Take a recording that is not the one analysed.
    announce, progress
        Told which detector was chosen, and how far the work is.

    Raises
    ------
    SettingsError
        When the recording is another one, the target cannot be one, or there are no words.
    InputNotFoundError, MediaError, ModelError, FaceStageError
        When the recording cannot be read or its people cannot be hidden.
    OutputError
        When the file exists or cannot be written; nothing is left under its name then.
    """
    from emoreport.media import probe
    from emoreport.media.glimpses import glimpses

    require_picture(report, video)
    if words and report.analysis.words is None:
        raise SettingsError("render.no_words")
    same = check_video(report, video, force=force)
    check_target(target, video, overwrite=overwrite)
    info = probe(video)
    # A mesh is drawn on nothing: then there is nothing to keep clear of.
    detail = None if hiding == MESH else detail_map(glimpses(video, info))
    overlay = Overlay(report, (info.width_px, info.height_px), lang, detail, words=words)
    outcomes = []
    with (
        hidden(hiding, video, report, report.settings, announce, progress) as prepare,
        Staging(target.parent) as staging,
    ):

        def write(stream: BinaryIO) -> None:
            cut = Cut(target=Path(stream.name), draw=overlay.draw)
            outcomes.append(recut(video, [cut], prepare=prepare, progress=progress))

        staging.add(target.name, write)
        staging.commit()
    return Rendered(target, outcomes[0], choose_encoder(), same)
