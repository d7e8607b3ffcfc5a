"""Make and measure the forms of a model on this machine, and keep the fastest.

`OPTIMIZERS` names the families whose models have several forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from pathlib import Path

    from emoreport.measure.optimize.bench import Announce
    from emoreport.models.runtimes.forms import FormsRecord
    from emoreport.models.store.registry import PulledModel
    from emoreport.settings import Settings


class Measure(Protocol):
    """Measures the forms of a model and keeps the one that is to run."""

    def __call__(
        self,
        pulled: PulledModel,
        recordings: Sequence[Path],
        *,
        settings: Settings | None = None,
        form: str = "auto",
        announce: Announce,
    ) -> FormsRecord:
        """Return what was measured, as it was written beside the model."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """How the models of one family are optimised.

    Attributes
    ----------
    module, function
        The `Measure`, in a module beside this one.
    flag
        Option of ``emoreport models optimize`` that gives the recordings.
    local
        A function of the module that takes a folder for a model of the family; "" where none is.
    """

    module: str
    function: str
    flag: str
    local: str = ""

    @property
    def measure(self) -> Measure:
        """What does it; its module is imported now."""
        return cast("Measure", self._function(self.function))

    def local_model(self, folder: Path) -> PulledModel:
        """A folder as a model, its files read and checked; raise ModelError where it is none."""
        return cast("PulledModel", self._function(self.local)(folder))

    def _function(self, name: str) -> Callable[..., Any]:
        return cast("Callable[..., Any]", getattr(import_module(f"{__name__}.{self.module}"), name))


OPTIMIZERS: Final[Mapping[str, Optimizer]] = {
    "aniemore": Optimizer("voice", "optimize_voice_model", "--speech", local="local_aniemore"),
    "hubert": Optimizer("voice", "optimize_voice_model", "--speech"),
    "gigaam": Optimizer("voice", "optimize_voice_model", "--speech"),
    "hsemotion": Optimizer("face", "optimize_face_model", "--face"),
}
"""By family, as the registry names it."""
