"""How the tables came about, for the summary sheet: program, models, settings, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emoreport.records import ModelRecord


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """How the tables came about.

    Attributes
    ----------
    program
        Name and version of the program, for instance ``emoreport 0.1.0``.
    models
        The models of emotions that really ran, by role.
    settings
        Value of every setting by public name, as `Settings.values` gives them.
    bridge
        Which label of a model counts as which; None where no bridge is known.
    warnings
        Whole sentences for the user, in the user's language.
    finding
        The sentence that says what the recording shows, in the user's language.
    """

    program: str = ""
    models: Mapping[str, ModelRecord] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    bridge: Mapping[str, str] | None = None
    warnings: tuple[str, ...] = ()
    finding: str = ""
