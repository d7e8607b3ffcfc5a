"""Open the second model that reads the same crops or windows as the first: its witness.

``auto`` takes a light model beside the first and never downloads one; a witness that is named is
opened or refused, never replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from emoreport.errors import ModelError, SettingsError
from emoreport.messages import Phrase, text
from emoreport.models.families import Role, family_of
from emoreport.models.store.model_choice import (
    AUTO,
    COMPACT,
    LIGHT,
    Choice,
    choose_model,
    choose_stored,
    shipped_name,
)
from emoreport.models.store.model_store import PullProgress
from emoreport.models.store.registry import find_entry
from emoreport.records import FaceEmotionModel, VoiceEmotionModel
from emoreport.settings import Settings

NONE: Final = "none"


def open_face_witness(
    first: FaceEmotionModel,
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None = None,
) -> FaceEmotionModel | None:
    """Open the witness of a face model that ``settings.faces.face_witness`` names.

    Parameters
    ----------
    first
        The first model.
    settings
        The settings of the analysis.
    announce
        Receives one line when ``auto`` cannot open what the store holds.
    progress
        Is told how far a download is.

    Returns
    -------
    The model; None for ``none``, and for ``auto`` where no light model can be beside the first.

    Raises
    ------
    SettingsError
        When the name is unknown or the model cannot be a witness of the first.
    ModelError
        When the model named is not available.
    """
    names = (settings.faces.face, settings.faces.face_witness)
    witness: FaceEmotionModel | None = _open("face", names, first, settings, announce, progress)
    return witness


def open_voice_witness(
    first: VoiceEmotionModel | None,
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None = None,
) -> VoiceEmotionModel | None:
    """Open the witness of a voice model that ``settings.speech.speech_witness`` names.

    Parameters, results and errors are those of `open_face_witness`; `first` is None where no voice
    model runs.
    """
    names = (settings.speech.speech, settings.speech.speech_witness)
    witness: VoiceEmotionModel | None = _open("voice", names, first, settings, announce, progress)
    return witness


def _open(
    role: Role,
    names: tuple[str, str],
    first: Any,  # noqa: ANN401 - of either protocol
    settings: Settings,
    announce: Callable[[str], None],
    progress: PullProgress | None,
) -> Any:  # noqa: ANN401 - of either protocol
    first_name, name = names
    if name == NONE or (first is None and name == AUTO):
        return None
    if name == AUTO:
        return _light(role, first, settings, announce)
    flag = "--face-witness" if role == "face" else "--speech-witness"
    refusal = Phrase("errors.models.refusal.no_first") if first is None else None
    if not refusal and name == first_name:
        refusal = Phrase("errors.models.refusal.same")
    if not refusal:
        choice = choose_model(role, name, settings, announce, progress, others=(NONE,), flag=flag)
        witness = _opened(role, choice, settings)
        refusal = _refusal(role, first, witness)
    if refusal:
        raise SettingsError("models.no_witness", flag=flag, name=name, refusal=refusal)
    return witness


def _light(role: Role, first: Any, settings: Settings, announce: Callable[[str], None]) -> Any:  # noqa: ANN401 - of either protocol
    """The first of the light models that is here and is not `first`; None where there is none."""
    for name in LIGHT[role]:
        entry = find_entry(shipped_name(role) if name == COMPACT else name)
        try:
            choice = choose_stored(entry, settings)
            witness = None if choice is None else _opened(role, choice, settings)
        except ModelError as error:
            announce(
                text("cli.model.no_witness", settings.output.lang, model=name, cause=error.cause)
            )
            continue
        if witness is not None and not _refusal(role, first, witness):
            return witness
    return None


def _opened(role: Role, choice: Choice, settings: Settings) -> Any:  # noqa: ANN401 - of either protocol
    run = settings.runtime
    return family_of(role, choice.model).opener(
        choice.model,
        runtime=run.runtime,
        device=run.device,
        threads=run.threads,
        reason=choice.reason,
    )


def _refusal(role: Role, first: Any, witness: Any) -> Phrase | None:  # noqa: ANN401 - of either protocol
    """Why a model cannot be a witness of another one, or None."""
    own, others = set(first.record.files.values()), set(witness.record.files.values())
    if own and others and (own <= others or others <= own):
        return Phrase("errors.models.refusal.same")
    if role == "voice":
        if witness.sample_rate_hz != first.sample_rate_hz:
            rates = {"own": witness.sample_rate_hz, "first": first.sample_rate_hz}
            return Phrase("errors.models.refusal.rate", rates)
        if not witness.min_window_s <= first.min_window_s <= witness.max_window_s:
            lengths_s = {
                "low": witness.min_window_s,
                "high": witness.max_window_s,
                "first": first.min_window_s,
            }
            return Phrase("errors.models.refusal.window", lengths_s)
    return None
