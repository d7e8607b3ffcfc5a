"""From the name that ``--speech`` gives to the voice-emotion model that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from emoreport.errors import SettingsError
from emoreport.models.families import OPENERS, Family, family_of
from emoreport.models.store.model_choice import choose_model
from emoreport.models.store.model_store import PullProgress
from emoreport.models.store.registry import known_names
from emoreport.records import VoiceEmotionModel
from emoreport.settings import EGEMAPS_FEATURES, MODEL_FEATURES, Settings

if TYPE_CHECKING:
    from emoreport.records import EmbeddingVoiceModel

NONE: Final = "none"


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
        When the name is none of these, or a correction of the class bias or features of a hidden
        layer are asked of a model that has none.
    ModelError
        When the model, the runtime or the device is not available; none is ever replaced. Also when
        features are wanted and the model has none.
    """
    name, run = settings.speech.speech, settings.runtime
    if name == NONE:
        _correction(settings, None)
        return None
    choice = choose_model("voice", name, settings, announce, progress, others=(NONE,))
    family = family_of("voice", choice.model)
    model: VoiceEmotionModel = family.opener(
        choice.model,
        runtime=run.of_voice,
        device=run.device,
        threads=run.threads,
        reason=choice.reason,
        **_correction(settings, family),
        **_features(settings, family, name),
    )
    if settings.features.features and settings.features.voice_features == EGEMAPS_FEATURES:
        from emoreport.speech.egemaps import EgemapsVoice

        return EgemapsVoice(model)
    if settings.features.features:
        _ = cast("EmbeddingVoiceModel", model).feature_width  # refused now, not amid the work
    return model


def _features(settings: Settings, family: Family, name: str) -> dict[str, Any]:
    """What the opener is told of ``--voice-features``; layers of other families are refused."""
    wanted = settings.features
    if not wanted.features:
        return {}
    if wanted.voice_features == EGEMAPS_FEATURES:
        return {}
    if family.source:
        return {"features": wanted.voice_features}
    if wanted.voice_features != MODEL_FEATURES:
        choices = ", ".join(known_names("voice", extra="full"))
        raise SettingsError(
            "speech.no_layers", layer=wanted.voice_features, model=name, choices=choices
        )
    return {}


def _correction(settings: Settings, family: Family | None) -> dict[str, Any]:
    """What the opener is told of ``--speech-bias``; a family without this correction is refused."""
    bias = settings.speech.speech_bias
    if bias == NONE:
        return {}
    if family is None or bias not in family.corrections:
        corrected = [name for name, entry in OPENERS["voice"].items() if bias in entry.corrections]
        raise SettingsError(
            "speech.bias", bias=bias, models=" and ".join(corrected), choices=" or ".join(corrected)
        )
    return {"bias": bias}
