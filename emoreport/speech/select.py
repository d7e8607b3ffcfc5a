"""From the name that ``--speech`` gives to the voice-emotion model that runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from emoreport.errors import ModelError, SettingsError
from emoreport.models.metadata import folder_metadata, shipped_metadata
from emoreport.records import VoiceEmotionModel
from emoreport.settings import Settings
from emoreport.speech.compact import CompactVoiceModel

AUTO: Final = "auto"
COMPACT: Final = "compact"
NONE: Final = "none"
LARGE_MODELS: Final[tuple[str, ...]] = (
    "aniemore/wav2vec2-xlsr-53",
    "aniemore/wav2vec2-resd",
    "aniemore/wavlm-resd",
    "aniemore/hubert-resd",
    "dusha",
)
"""Names of voice models that are published elsewhere."""


def open_voice_model(
    settings: Settings, announce: Callable[[str], None]
) -> VoiceEmotionModel | None:
    """Open the voice-emotion model that the settings name.

    Parameters
    ----------
    settings
        `settings.speech.speech` is ``auto``, ``compact``, ``none``, the name of a larger model
        or the path of a local model folder; `settings.runtime.threads` limits the threads.
    announce
        Is given one line when ``auto`` has chosen.

    Returns
    -------
    The model; None for ``none``.

    Raises
    ------
    SettingsError
        When the name is none of these.
    ModelError
        When the model cannot be had or is damaged; a model named explicitly is never replaced.
    """
    name, threads = settings.speech.speech, settings.runtime.threads
    if name == NONE:
        return None
    if name == AUTO:
        reason = "this version has no larger one"
        model = CompactVoiceModel(shipped_metadata("voice"), threads=threads, reason=reason)
        announce(
            f"voice model: {model.record.name}, which comes with emoreport, because {reason}; "
            "`--speech FOLDER` takes a local one"
        )
        return model
    if name == COMPACT:
        return CompactVoiceModel(
            shipped_metadata("voice"), threads=threads, reason="named by --speech"
        )
    if name in LARGE_MODELS:
        raise ModelError(
            f"{name} cannot be had with this version of emoreport",
            remedy="use --speech compact or a local model folder",
        )
    folder = Path(name).expanduser()
    if folder.is_dir():
        return CompactVoiceModel(
            folder_metadata(folder, "voice"), threads=threads, reason="folder named by --speech"
        )
    known = ", ".join((AUTO, COMPACT, NONE, *LARGE_MODELS))
    raise SettingsError(
        f"--speech {name!r} is neither a known voice model nor a folder",
        remedy=f"give one of {known} or the path of a model folder",
    )
