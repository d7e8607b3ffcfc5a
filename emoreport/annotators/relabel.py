"""Read a coding whose labels take the place of the machine's in the tables of a talk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from emoreport.annotators.agree import BEYOND_S, check_observation, encoding_caveats, tiers_for
from emoreport.annotators.figures import Caveat
from emoreport.errors import SettingsError
from emoreport.exchange.readers import read_codings
from emoreport.records import MACHINE, CodedLabels, LabelSource
from emoreport.run.run_json import read_run

NONE: Final = "none"


def parse_labels(
    folder: Path,
    from_command_line: str | None,
    *,
    tier_face: str | None = None,
    tier_voice: str | None = None,
    modality: str | None = None,
    renamings: Sequence[str] = (),
    observation: str | None = None,
    encoding: str | None = None,
) -> tuple[LabelSource | None, tuple[Caveat, ...]]:
    """Labels of the file that ``--labels`` names.

    Parameters
    ----------
    folder
        A folder that `analyze` wrote.
    from_command_line
        A file, ``none`` for the machine's own labels, or None to leave all as it is.
    tier_face, tier_voice, modality, renamings, observation, encoding
        As for `agree.agree`.

    Returns
    -------
    The labels, and what to know of how the file was read.

    Raises
    ------
    SettingsError
        When the file holds several coders or labels that do not fit, codes beyond the end of the
        recording, or when tiers are named without a file.
    InputNotFoundError, StoredReadingsError
        When the file or the run cannot be read.
    """
    if from_command_line is None or from_command_line == NONE:
        if tier_face is not None or tier_voice is not None or modality or renamings or observation:
            raise SettingsError("annotators.without_coding")
        return (None if from_command_line is None else MACHINE), ()
    run = read_run(folder)
    file = Path(from_command_line)
    check_observation(observation, [file])
    tiers = tiers_for(
        run,
        tier_face,
        tier_voice,
        modality,
        renamings,
        observation=observation,
        encoding=encoding,
    )
    codings = read_codings(file, tiers)
    if len(codings) > 1:
        raise SettingsError(
            "annotators.several_coders",
            coders=", ".join(repr(coding.coder[:60]) for coding in codings),
            file=file,
        )
    coding = codings[0]
    if coding.assumed_face:
        raise SettingsError("annotators.no_modality", file=file)
    end_s = run.media.duration_s
    tracks = [track for track in (coding.labels.face, coding.labels.voice) if track]
    if not tracks:
        raise SettingsError("annotators.no_label", file=file)
    last_s = max(track[-1].span.end_s for track in tracks)
    if last_s > end_s + BEYOND_S:
        raise SettingsError("annotators.beyond_end", last_s=last_s, end_s=end_s, file=file)
    labels = CodedLabels(face=coding.labels.face or None, voice=coding.labels.voice or None)
    source = LabelSource(labels, coding.file, coding.sha256, coding.coder)
    return source, tuple(encoding_caveats(coding))
