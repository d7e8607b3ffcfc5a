"""From the name that ``--speech`` gives to the voice-emotion model that runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from emoreport.errors import SettingsError
from emoreport.models.families.compact_voice import CompactVoiceModel
from emoreport.models.store.metadata import FOLDER_METADATA, folder_metadata, shipped_metadata
from emoreport.models.store.model_store import PullProgress
from emoreport.models.store.selection import Choice, choose_model
from emoreport.records import VoiceEmotionModel
from emoreport.settings import Settings

NONE: Final = "none"
HUB_METADATA: Final = "config.json"
"""What a folder in the layout of the Hugging Face hub holds."""
SMALL_MODEL_THREADS: Final = 1
"""Decoding, detection, face and voice run side by side: one thread is best for a small model."""
BIASED: Final = "dusha"
"""The one family with a correction of its class bias."""


def open_voice_model(
    settings: Settings, announce: Callable[[str], None], progress: PullProgress | None = None
) -> VoiceEmotionModel | None:
    """Open the voice-emotion model that the settings name.

    Parameters
    ----------
    settings
        `settings.speech.speech` is ``auto``, ``compact``, ``none``, the name of a larger model
        or the path of a local model folder.
    announce
        Is given one line when ``auto`` has chosen.
    progress
        Is told how far a download is.

    Returns
    -------
    The model; None for ``none``.

    Raises
    ------
    SettingsError
        When the name is none of these, or a correction of the class bias is asked of a model
        that has none.
    ModelError
        When the model, the runtime or the device cannot be had; none is ever replaced.
    """
    name = settings.speech.speech
    choice = None
    if name != NONE:
        choice = choose_model("voice", name, settings, announce, progress, others=(NONE,))
    family = NONE if choice is None else choice.family
    if settings.speech.speech_bias != "none" and family != BIASED:
        raise SettingsError(
            f"--speech-bias {settings.speech.speech_bias} is a correction of {BIASED} only",
            remedy=f"add --speech {BIASED} or leave --speech-bias out",
        )
    return None if choice is None else _opened(choice, settings)


def _opened(choice: Choice, settings: Settings) -> VoiceEmotionModel:
    run, reason = settings.runtime, choice.reason
    pulled = choice.pulled
    if choice.folder is not None and _is_hub_folder(choice.folder):
        from emoreport.models.families.aniemore import local_aniemore

        pulled = local_aniemore(choice.folder)
    if pulled is None:
        metadata = shipped_metadata("voice")
        if choice.folder is not None:
            metadata = folder_metadata(choice.folder, "voice")
        return CompactVoiceModel(
            metadata,
            runtime=run.of_voice,
            device=run.device,
            threads=run.threads or SMALL_MODEL_THREADS,
            reason=reason,
        )
    if choice.family == BIASED:
        from emoreport.models.families.dusha import open_dusha

        return open_dusha(
            pulled,
            runtime=run.of_voice,
            device=run.device,
            threads=run.threads or SMALL_MODEL_THREADS,
            reason=reason,
            bias=settings.speech.speech_bias,
        )
    from emoreport.models.families.aniemore import open_aniemore

    return open_aniemore(
        pulled, runtime=run.of_voice, device=run.device, threads=run.threads, reason=reason
    )


def _is_hub_folder(folder: Path) -> bool:
    return not (folder / FOLDER_METADATA).is_file() and (folder / HUB_METADATA).is_file()
