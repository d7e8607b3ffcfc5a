"""From the name that ``--text`` gives to the text-emotion model that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from emoreport.models.families import family_of
from emoreport.models.store.model_choice import (
    AUTO,
    ORDER,
    Choice,
    choose_model,
    choose_stored,
    shipped_name,
)
from emoreport.models.store.model_store import PullProgress
from emoreport.models.store.registry import registry
from emoreport.records import TextEmotionModel
from emoreport.settings import Settings

NONE: Final = "none"


def open_text_model(
    name: str,
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None = None,
) -> TextEmotionModel | None:
    """Open a text-emotion model.

    Parameters
    ----------
    name
        ``none``; ``auto``, which takes the best one on this machine and pulls none; a model of the
        registry; or a local folder in the layout of the hub.
    settings
        Network, runtime, device and threads.
    announce
        Receives one line before a model is downloaded.
    progress
        Is told how far a download is.

    Returns
    -------
    The model; None for ``none``, and for ``auto`` where there is none.

    Raises
    ------
    SettingsError
        When the name is unknown.
    ModelError
        When the model, the runtime or the device is not available; none is ever replaced.
    """
    if name == NONE:
        return None
    choice = (
        _stored(settings)
        if name == AUTO
        else choose_model("text", name, settings, announce, progress, others=(NONE,))
    )
    if choice is None:
        return None
    model: TextEmotionModel = family_of("text", choice.model).opener(
        choice.model,
        runtime=settings.runtime.runtime,
        device=settings.runtime.device,
        threads=settings.runtime.threads,
        reason=choice.reason,
    )
    return model


def _stored(settings: Settings) -> Choice | None:
    """The best model that is on this machine; the one of the package comes last."""
    entries = registry()
    for name in (*ORDER["text"], shipped_name("text")):
        choice = choose_stored(entries[name], settings) if name in entries else None
        if choice is not None:
            return choice
    return None
