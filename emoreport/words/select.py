"""From the name of a recogniser to the one that hears the words."""

from __future__ import annotations

from collections.abc import Callable

from emoreport.models.families import family_of
from emoreport.models.store.model_choice import choose_model
from emoreport.models.store.model_store import PullProgress
from emoreport.settings import Settings
from emoreport.words.recogniser import SpeechRecogniser


def open_recogniser(
    name: str,
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None = None,
) -> SpeechRecogniser:
    """Open a recogniser of the registry.

    Parameters
    ----------
    name
        ``auto`` or the name of one.
    settings
        Network, device and threads.
    announce
        Receives one line before ``auto`` downloads.
    progress
        Is told how far a download is.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the recogniser or its optional part cannot be had; none is ever replaced.
    """
    choice = choose_model("words", name, settings, announce, progress)
    model = family_of("words", choice.model).opener(
        choice.model,
        device=settings.runtime.device,
        threads=settings.runtime.threads,
        reason=choice.reason,
    )
    return SpeechRecogniser(model)
