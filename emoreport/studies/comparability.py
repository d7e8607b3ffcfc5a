"""Check whether figures of talks can be compared: same models and settings, other recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emoreport.errors import SettingsError
from emoreport.messages import Phrase
from emoreport.records import ModelRecord
from emoreport.run.record import TEXT_ROLE
from emoreport.run.report import Report
from emoreport.run.run_json import EMOTION_MODELS, HEAD, WITNESSES
from emoreport.settings import OPTIONS

MODELS: Final = (*EMOTION_MODELS, *WITNESSES, HEAD, "face_detector", "voice_activity")

DECIDING_GROUPS: Final = frozenset({"decoding", "faces", "speech", "features", "analysis"})
WITHOUT_EFFECT: Final = frozenset({"baseline", "compounds", "features", "voice_features"})
"""Settings of these groups that move none of the figures."""
SEEN_ELSEWHERE: Final = frozenset({*EMOTION_MODELS, *WITNESSES, HEAD, "face_detector", "bridge"})
"""Settings that only name what was used; what it was is recorded in the run itself."""

OTHER_MODEL: Final = "other_model"
OTHER_SETTING: Final = "other_setting"
OTHER_BRIDGE: Final = "other_bridge"
SAME_RECORDING: Final = "same_recording"
OTHER_VERSION: Final = "other_version"
OTHER_RUNTIME: Final = "other_runtime"
NO_RESULTS: Final = "no_results"
NO_PARTNER: Final = "no_partner"
WORDS_IN_ONE: Final = "words_in_one"
TEXT_IN_ONE: Final = "text_in_one"
OTHER_TEXT_MODEL: Final = "other_text_model"

OBSTACLES: Final = frozenset({OTHER_MODEL, OTHER_SETTING, OTHER_BRIDGE, SAME_RECORDING})
"""What makes figures not comparable; there are remedies of these keys."""


ModelFacts = tuple[str, tuple[tuple[str, str], ...]]
"""Name of a model, and names and digests of its files."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why figures of two talks may not be comparable.

    Attributes
    ----------
    key
        One of the codes above; a key of the words ``compare.caveat``.
    values
        Values for the braces in those words.
    """

    key: str
    values: Mapping[str, str]

    @property
    def is_obstacle(self) -> bool:
        """Whether the figures are not comparable, so that only `force` compares them."""
        return self.key in OBSTACLES

    def document(self) -> dict[str, str]:
        """JSON values."""
        return {"key": self.key, **self.values}


@dataclass(frozen=True, slots=True)
class TalkFacts:
    """What must be the same in talks that are compared.

    Attributes
    ----------
    folder
        Where the results are.
    sha256
        Digest of the recording; the only one that must differ.
    version
        Of emoreport.
    models, runtimes
        By role: name and digests of the files, and what ran them.
    settings
        Those that decide on figures, by public name.
    bridge
        Mapping of labels.
    has_words
        Whether it has a transcript; without one in all, nothing about words is compared.
    text_model
        What read an emotion in them, as in `models`; None where nothing did. Unless all have the
        same, what the words say is not compared.
    """

    folder: Path
    sha256: str
    version: str
    models: Mapping[str, ModelFacts]
    runtimes: Mapping[str, str]
    settings: Mapping[str, object]
    bridge: Mapping[str, str]
    has_words: bool
    text_model: ModelFacts | None = None


def facts_of(talk: Report, folder: Path) -> TalkFacts:
    """Look up what must be the same in talks that are compared; `folder` holds this one."""
    models = {role: _model(talk, role) for role in MODELS}
    return TalkFacts(
        folder=folder,
        sha256=talk.run.input.sha256,
        version=talk.run.program_version,
        models={role: _facts(model) for role, model in models.items()},
        runtimes={role: model.runtime for role, model in models.items()},
        settings={
            name: value
            for name, value in talk.settings.values().items()
            if OPTIONS[name].group in DECIDING_GROUPS
            and name not in WITHOUT_EFFECT | SEEN_ELSEWHERE
        },
        bridge=dict(talk.bridge.mapping),
        has_words=talk.transcript is not None,
        text_model=None if talk.text is None else _facts(_model(talk, TEXT_ROLE)),
    )


def same_text_model(talks: Sequence[TalkFacts]) -> bool:
    """Whether one model read an emotion in the words of all these talks."""
    models = {talk.text_model for talk in talks}
    return len(models) == 1 and None not in models


def _model(talk: Report, role: str) -> ModelRecord:
    return talk.run.models.get(role, ModelRecord("none"))


def _facts(model: ModelRecord) -> ModelFacts:
    return model.name, tuple(sorted(model.files.items()))


def caveats_of(talks: Sequence[TalkFacts]) -> Iterator[Caveat]:
    """What differs between the first talk and each of the others, and what occurs twice."""
    seen: dict[str, Path] = {}
    for talk in talks:
        if talk.sha256 in seen:
            names = {"first": str(seen[talk.sha256]), "second": str(talk.folder)}
            yield Caveat(SAME_RECORDING, names)
        seen.setdefault(talk.sha256, talk.folder)
    for talk in talks[1:]:
        yield from _between(talks[0], talk)


def _between(first: TalkFacts, second: TalkFacts) -> Iterator[Caveat]:
    folders = {"first": str(first.folder), "second": str(second.folder)}
    for role in MODELS:
        mine, theirs = first.models[role], second.models[role]
        if mine != theirs:
            # Two files of one name are told apart by the fact alone that they differ.
            values = {"role": role, "one": mine[0], "other": theirs[0]}
            yield Caveat(OTHER_MODEL, {**folders, **values})
        elif first.runtimes[role] != second.runtimes[role]:
            values = {"role": role, "one": first.runtimes[role], "other": second.runtimes[role]}
            yield Caveat(OTHER_RUNTIME, {**folders, **values})
    for name, value in first.settings.items():
        if second.settings[name] != value:
            values = {
                "setting": OPTIONS[name].flag,
                "one": str(value),
                "other": str(second.settings[name]),
            }
            yield Caveat(OTHER_SETTING, {**folders, **values})
    yield from _between_words(first, second, folders)
    if first.bridge != second.bridge:
        yield Caveat(OTHER_BRIDGE, folders)
    if first.version != second.version:
        yield Caveat(OTHER_VERSION, {**folders, "one": first.version, "other": second.version})


def _between_words(
    first: TalkFacts, second: TalkFacts, folders: Mapping[str, str]
) -> Iterator[Caveat]:
    if first.has_words != second.has_words:
        yield Caveat(WORDS_IN_ONE, folders)
    elif (first.text_model is None) != (second.text_model is None):
        yield Caveat(TEXT_IN_ONE, folders)
    elif first.text_model != second.text_model:
        one, other = (talk.text_model or ("none", ()) for talk in (first, second))
        yield Caveat(OTHER_TEXT_MODEL, {**folders, "one": one[0], "other": other[0]})


def refuse(caveats: Iterable[Caveat], *, force: bool) -> None:
    """Refuse talks that are not comparable, unless it is wanted nevertheless.

    Raises
    ------
    SettingsError
        Naming the first obstacle.
    """
    obstacles = [caveat for caveat in caveats if caveat.is_obstacle]
    if obstacles and not force:
        first = obstacles[0]
        raise SettingsError(
            "compare.first_obstacle" if len(obstacles) > 1 else "compare.obstacle",
            caveat=Phrase(f"compare.caveat.{first.key}", first.values),
            count=len(obstacles),
            remedy=f"compare_{first.key}",
        )
