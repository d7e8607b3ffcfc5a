"""Analyse one talk under many settings from its stored readings, and summarise what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from emoreport.analysis.rows.abstention import Level
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.witnesses import witness_track
from emoreport.analysis.talks.conclusions import (
    Conclusion,
    Setting,
    Universe,
    conclusions,
    has_words,
)
from emoreport.analysis.talks.multiverse import Multiverse, grid, same_effect
from emoreport.records import FaceTrack, ModelRecord, SpeechTrack
from emoreport.run.bridge import load_bridge
from emoreport.run.report import Report
from emoreport.settings import OPTIONS
from emoreport.settings.commands import ABSTENTION_GRID, MIN_INTERVAL_GRID, SMOOTHING_GRID
from emoreport.settings.described import OptionInfo, checked
from emoreport.studies.multiverse_files import Draw, write_files

FOLDER: Final = "multiverse"

LabelSets = tuple[Sequence[str], Sequence[str]]
"""What two models that are compared can give."""
_Track = TypeVar("_Track", FaceTrack, SpeechTrack)

DEFAULT: Final = "default"
IDENTITY: Final = "identity"
"""Name of the bridge that maps nothing: each label means itself only."""
RUN: Final = "run"
"""Name of the run's own bridge where no other one of the grid has the same effect."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Which settings to combine.

    Attributes
    ----------
    smoothings_s, min_intervals_s
        Seconds.
    levels
        Of abstention.
    bridge_files
        TOML files of label bridges, besides `DEFAULT`, `IDENTITY` and the run's own.
    """

    smoothings_s: tuple[float, ...]
    min_intervals_s: tuple[float, ...]
    levels: tuple[Level, ...]
    bridge_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MultiverseResult:
    """What a talk says under all settings.

    Attributes
    ----------
    name
        Name of the recording.
    own
        The run's own setting; it may lie outside the grid.
    universes
        All settings of the grid.
    conclusions
        How the run's conclusions fare in the grid.
    same_bridges
        Bridges left out, each with the one that has the same effect on these models' labels.
    """

    name: str
    own: Universe
    universes: tuple[Universe, ...]
    conclusions: tuple[Conclusion, ...]
    same_bridges: Mapping[str, str]

    @property
    def failures(self) -> tuple[Universe, ...]:
        """Settings that could not be computed, the run's own included."""
        everything = dict.fromkeys((*self.universes, self.own))
        return tuple(universe for universe in everything if universe.failure is not None)

    @property
    def has_words(self) -> bool:
        """Whether something is said about words."""
        return has_words((self.own, *self.universes))

    def write(self, folder: Path, lang: str, draw: Draw) -> Path:
        """Write both tables and the figure that `draw` makes, all or nothing; return the folder.

        Raises
        ------
        OutputError
            When something cannot be written.
        """
        write_files(folder, self.name, self.own, self.universes, self.conclusions, lang, draw)
        return folder


def parse_grid(
    smoothing: str | None = None,
    min_interval: str | None = None,
    abstention: str | None = None,
    bridge_files: Sequence[str] = (),
) -> Grid:
    """Read lists separated by commas; None means the usual ones.

    Raises
    ------
    SettingsError
        When a list is empty or holds what the setting cannot be.
    """
    return Grid(
        tuple(_listed(SMOOTHING_GRID, smoothing)),
        tuple(_listed(MIN_INTERVAL_GRID, min_interval)),
        tuple(_listed(ABSTENTION_GRID, abstention)),
        tuple(bridge_files),
    )


def explore(talk: Report, wanted: Grid) -> MultiverseResult:
    """Look at a talk under all combinations of settings; decodes nothing.

    A setting that fails is kept with the reason; the others are not touched.

    Parameters
    ----------
    talk
        Its stored readings, with the settings of its run.
    wanted
        Which settings to combine.

    Raises
    ------
    SettingsError
        When a bridge cannot be used.
    """
    face_models, voice_models = talk.run.emotion_models
    faces = _by_leader(talk.judged_faces, *face_models)
    voices = _by_leader(talk.speech, *voice_models)
    seen, heard = ([track.labels for track in leaders.values()] for leaders in (faces, voices))
    # Face against voice, and each model against its witness.
    compared = [*product(seen, heard), *pairwise(seen), *pairwise(heard)]
    if talk.text is not None:
        compared += [(labels, talk.text.labels) for labels in (*seen, *heard)]
    bridges, own_bridge, same = _bridges(talk, wanted.bridge_files, compared)
    analysis = talk.settings.analysis
    own = Setting(
        analysis.smoothing_s,
        analysis.min_interval_s,
        cast("Level", analysis.abstention),
        own_bridge,
        next(iter(faces)),
        next(iter(voices)),
    )
    combinations = grid(
        wanted.smoothings_s,
        wanted.min_intervals_s,
        wanted.levels,
        tuple(bridges),
        tuple(faces),
        tuple(voices),
    )
    multiverse = Multiverse(
        faces,
        voices,
        talk.run.media.duration_s,
        talk.settings,
        bridges,
        talk.transcript,
        talk.text,
    )
    looked_at = {
        setting: _look(multiverse, setting) for setting in dict.fromkeys((*combinations, own))
    }
    universes = tuple(looked_at[setting] for setting in combinations)
    return MultiverseResult(
        name=talk.run.input.name,
        own=looked_at[own],
        universes=universes,
        conclusions=conclusions(looked_at[own], universes),
        same_bridges=same,
    )


def _by_leader(track: _Track, first: ModelRecord, witness: ModelRecord | None) -> dict[str, _Track]:
    """The readings by the name of the model that leads, the run's own first."""
    leaders = {first.name: track}
    swapped = witness_track(track)
    if swapped is not None:
        name = "witness" if witness is None else witness.name
        leaders[f"{name} (witness)" if name in leaders else name] = swapped
    return leaders


def _look(multiverse: Multiverse, setting: Setting) -> Universe:
    try:
        return multiverse.look(setting)
    except Exception as error:  # noqa: BLE001 - one setting must not take the others with it
        return Universe(setting, failure=f"{type(error).__name__}: {error}")


def _bridges(
    talk: Report, files: Sequence[str], compared: Sequence[LabelSets]
) -> tuple[dict[str, Bridge], str, dict[str, str]]:
    """Bridges of the grid by name, the run's own name, and which were left out for which."""
    candidates = {DEFAULT: DEFAULT_BRIDGE, IDENTITY: Bridge.from_mapping({})}
    for file in files:
        stem = Path(file).stem
        candidates[file if stem in {*candidates, RUN} else stem] = load_bridge(file)
    candidates[RUN] = talk.bridge
    kept: dict[str, Bridge] = {}
    same: dict[str, str] = {}
    for name, bridge in candidates.items():
        for kept_name, kept_bridge in kept.items():
            if same_effect(bridge, kept_bridge, compared):
                same[name] = kept_name
                break
        else:
            kept[name] = bridge
    return kept, same.pop(RUN, RUN), same


def _listed(grid: OptionInfo, values: str | None) -> list[Any]:
    """Values of one setting, each one checked as the setting itself is, each one once."""
    parts = grid.default if values is None else values.split(",")
    return list(dict.fromkeys(checked(OPTIONS[grid.name], part) for part in parts))
