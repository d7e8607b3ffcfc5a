"""The families of models: one module each, found by the `family` of a registry entry.

A further model of a family needs an entry of the registry and its card; a further family also a
module with an opener and a line of `OPENERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypedDict, Unpack, cast

from emoreport.errors import ModelError

if TYPE_CHECKING:
    from emoreport.models.families.voice_network import VoiceSource
    from emoreport.models.store.registry import PulledModel

Role = Literal["face", "voice", "words", "text", "people"]
COMPACT: Final = "compact"
"""Family of the models that the package carries, and of a folder that says nothing else."""


class Placement(TypedDict, total=False):
    """Where and how a model is to run; whatever opens one has a default for each.

    Attributes
    ----------
    runtime, device
        As for `emoreport.models.runtimes.opening.open_graph`.
    threads
        Threads inside one run; 0 takes what suits the family.
    reason
        Why this model was chosen, for run.json.
    """

    runtime: str
    device: str
    threads: int
    reason: str


class Running(Placement, total=False):
    """What an opener may be told.

    Attributes
    ----------
    features
        For families with a `Family.source`: as for `open_source`.
    """

    features: str


class Opener(Protocol):
    """Opens a model of one family.

    It raises `ModelError` when the files cannot be read or do not fit together, or when the runtime
    or the device is not available; none is ever replaced. A local folder comes without a registry
    entry and without digests: the opener reads and checks what the folder says of itself.
    """

    def __call__(self, model: PulledModel, /, **running: Unpack[Running]) -> Any:  # noqa: ANN401
        """Return the model: what the stage of its role runs, for faces a `FaceEmotionModel`."""


@dataclass(frozen=True, slots=True)
class Family:
    """Where the opener of a family stands, and what has to be known before it is imported.

    Attributes
    ----------
    module, function
        The `Opener`, in a module beside this one.
    layout
        A file by which a local folder without ``model.json`` is known to be of this family.
    source
        A function beside the opener that gives a `VoiceSource`; "" where models of the family run
        as they are published.
    corrections
        Values of ``--speech-bias`` that its opener takes as ``bias``.
    """

    module: str
    function: str
    layout: str = ""
    source: str = ""
    corrections: tuple[str, ...] = ()

    @property
    def opener(self) -> Opener:
        """The opener; its module is imported now."""
        return cast("Opener", self._part(self.function))

    def source_of(self, model: PulledModel) -> VoiceSource:
        """The network of a voice model, which can be exported.

        Raises
        ------
        ModelError
            When they do not fit together or the registry.
        """
        return cast("VoiceSource", self._part(self.source)(model))

    def _part(self, name: str) -> Any:  # noqa: ANN401 - two kinds of functions
        return getattr(import_module(f"{__name__}.{self.module}"), name)


OPENERS: Final[Mapping[Role, Mapping[str, Family]]] = {
    "face": {
        "compact": Family("compact", "open_face"),
        "hsemotion": Family("hsemotion", "open_hsemotion"),
    },
    "voice": {
        "compact": Family("compact", "open_voice"),
        "dusha": Family("dusha", "open_dusha", corrections=("acted",)),
        "aniemore": Family(
            "aniemore", "open_aniemore", layout="config.json", source="aniemore_source"
        ),
        "hubert": Family("aniemore", "open_aniemore", source="aniemore_source"),
        "gigaam": Family("gigaam", "open_gigaam", source="gigaam_source"),
    },
    "words": {"recognition": Family("recognition", "open_recognition")},
    "text": {
        "compact": Family("text_compact", "open_text"),
        "bert": Family("bert.model", "open_bert", layout="config.json"),
    },
    "people": {"sface": Family("sface", "open_sface")},
}
"""Every family by what its models judge and by its name in the registry."""


def family_of(role: Role, model: PulledModel) -> Family:
    """The family that opens a model.

    Parameters
    ----------
    role
        What the model is to judge.
    model
        A model of the registry, or a local folder: there ``family`` in ``model.json`` tells, or
        the layout of the folder.

    Raises
    ------
    ModelError
        When there is no such family.
    """
    families = OPENERS[role]
    name = _folder_family(role, model) if model.registered is None else model.registered.family
    if name not in families:
        raise ModelError(
            "models.family", name=name, role=role, families=", ".join(families), file=model.folder
        )
    return families[name]


def _folder_family(role: Role, model: PulledModel) -> str:
    from emoreport.models.store.model_metadata import FOLDER_METADATA, stated_family

    if (model.folder / FOLDER_METADATA).is_file():
        return stated_family(model.folder) or COMPACT
    for name, family in OPENERS[role].items():
        if family.layout and (model.folder / family.layout).is_file():
            return name
    return COMPACT
