"""Fingerprints of a run: what decides its results, and what decides its readings only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from emoreport.records import RunPlan, RunRecord
from emoreport.settings import ADAPTIVE, OPTIONS

RETABLED_GROUPS: Final = frozenset({"analysis", "output"})
RETABLED_OPTIONS: Final = frozenset({"min_speech"})
WITHOUT_EFFECT: Final = frozenset(
    {
        *("out", "overwrite", "offline", "threads", "head"),
        *("transcript", "transcript_tier", "aligner", "text"),
    }
)
"""Settings that decide nothing, or whose effect is told elsewhere in the run: of a head, its files;
of a transcript, its digest; of what aligns it and what reads an emotion in it, the model."""


def is_retabled(name: str) -> bool:
    """Whether a setting, by public name, acts on stored readings and not on how they are made.

    Of a setting that this version does not know that cannot be said: it is False.
    """
    group = OPTIONS[name].group if name in OPTIONS else ""
    return group in RETABLED_GROUPS or name in RETABLED_OPTIONS


def deciding_facts(run: RunPlan) -> list[Any]:
    """Everything in a run, but the video, words and the label bridge, that decides the results."""
    labels = run.labels if isinstance(run, RunRecord) else None
    coding = None if labels is None else labels.sha256
    return [run.program_version, _settings(run), _models_that_ran(run), coding]


def deciding_words(run: RunPlan) -> tuple[str, str] | None:
    """What of the transcript decides the results; None without one."""
    return None if run.transcript is None else run.transcript.decides


def fingerprint_of(run: RunPlan) -> str:
    """Digest of everything in a run, but video and transcript, that decides the results.

    Every recording of a batch has a transcript of its own.
    """
    return _digest([*deciding_facts(run), run.bridge or {}])


def readings_fingerprint_of(run: RunPlan) -> str:
    """Digest of everything in a run, but the video, that decides the readings."""
    settings = {name: value for name, value in _settings(run).items() if not is_retabled(name)}
    return _digest([run.program_version, settings, _models_that_ran(run)])


def _settings(run: RunPlan) -> dict[str, Any]:
    return {name: value for name, value in run.settings.items() if name not in WITHOUT_EFFECT}


def _models_that_ran(run: RunPlan) -> dict[str, Any]:
    """Of each model what decides its answers: name, files, runtime and precision.

    Where a model decides which frames are looked at, that is part of it.

    Versions of runtimes move the last digits only and are left out.
    """
    by_role: dict[str, Any] = {}
    adaptive = run.settings.get("fps") == ADAPTIVE
    for role, model in run.models.items():
        library, *rest = model.runtime.split(" ")
        by_role[role] = [model.name, sorted(model.files.items()), library, *rest[1:]]
        if adaptive and model.look_rule is not None:
            by_role[role].append([model.look_rule.limit, sorted(model.look_rule.weights.items())])
    return by_role


def _digest(facts: Sequence[Any]) -> str:
    content = json.dumps(facts, sort_keys=True, ensure_ascii=True).encode("ascii")
    return hashlib.sha256(content).hexdigest()
