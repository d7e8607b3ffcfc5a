"""Lay out the help of a command: examples, then its options in panels where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emoreport.messages import Words, spoken
from emoreport.settings import OPTIONS

_panel: Final = Words("help.panel")

MANY: Final = 15
"""A command with more options than this has them in panels."""
ORDER: Final = ("usual", "face", "voice", "intervals", "output", "models", "machine")
_OF_GROUP: Final[Mapping[str, str]] = {
    "decoding": "usual",
    "faces": "face",
    "actions": "face",
    "speech": "voice",
    "features": "output",
    "words": "voice",
    "analysis": "intervals",
    "output": "output",
    "runtime": "machine",
}
_OF_OPTION: Final[Mapping[str, str]] = {
    "out": "usual",
    "lang": "usual",
    "overwrite": "usual",
    "offline": "models",
    "face": "models",
    "face_witness": "models",
    "face_detector": "models",
    "action_model": "models",
    "speech": "models",
    "speech_witness": "models",
    "text": "models",
    "face_alignment": "face",
    "voice_features": "voice",
    "head": "models",
    "embed_video": "output",
    "no_video": "output",
    "no_text": "output",
    "config": "machine",
    "verbose": "machine",
}
"""Panels of options that are not that of their group of settings."""

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "analyze": (
        "emoreport analyze talk.mp4 --open",
        "emoreport analyze talk.mp4 interview.wav --out results --fps 5",
        "emoreport analyze talk.mp4 --face compact --speech compact --offline",
    ),
    "batch": (
        "emoreport batch recordings",
        "emoreport batch recordings --out results --jobs 2 --metadata groups.csv",
    ),
    "features": (
        "emoreport features talk.mp4",
        "emoreport features recordings --out features --fps 10",
        "emoreport features talk.mp4 --join openface/talk.csv",
    ),
    "transcribe": (
        "emoreport transcribe talk.mp4",
        "emoreport transcribe talk.mp4 --to srt,textgrid",
    ),
    "retable": ("emoreport retable statistics/talk --smoothing 2 --out results/2s",),
    "people": (
        "emoreport people statistics/interview",
        "emoreport people statistics/interview --merge C=B --rename A=Anna",
    ),
    "multiverse": ("emoreport multiverse statistics/talk",),
    "compare": (
        "emoreport compare statistics/monday statistics/friday",
        "emoreport compare results/before results/after --paired",
    ),
    "page": ("emoreport page statistics/talk --pdf --lang ru",),
    "plot": ("emoreport plot statistics/talk --kind timeline,matrix --format svg",),
    "export": (
        "emoreport export statistics/talk --to elan",
        "emoreport export statistics/talk --to elan --blank",
    ),
    "agree": ("emoreport agree statistics/talk coded.eaf",),
    "personalize": (
        "emoreport personalize statistics/talk --labels anna.eaf --out anna",
        "emoreport personalize runs/monday runs/friday --out anna --modality voice",
    ),
    "render": (
        "emoreport render statistics/talk",
        "emoreport render statistics/talk --video moved/talk.mp4 --blur-face",
    ),
    "clips": (
        "emoreport clips statistics/talk --top 5",
        "emoreport clips statistics/talk --emotion anger --modality voice",
    ),
    "summary-sheet": (
        "emoreport summary-sheet statistics/talk",
        "emoreport summary-sheet talk.mp4 --by strength --per-emotion 5 --lang ru",
    ),
    "setup": ("emoreport setup",),
    "doctor": ("emoreport doctor --json",),
    "models.pull": ("emoreport models pull hsemotion/enet_b0_8_va_mtl",),
    "models.bundle": ("emoreport models bundle models.tar",),
    "models.import": ("emoreport models import models.tar",),
    "models.import-head": ("emoreport models import-head expr.pth --layout bichuyen99 --out head",),
    "evaluate.face": ("emoreport evaluate face faces.npz --json",),
    "evaluate.voice": ("emoreport evaluate voice clips/test --speech dusha",),
    "evaluate.expr": (
        "emoreport evaluate expr labels/ --predictions statistics/",
        "emoreport evaluate expr labels/ --head my_head/ --features features/",
    ),
    "evaluate.au": ("emoreport evaluate au labels/ --predictions statistics/",),
    "evaluate.va": (
        "emoreport evaluate va labels/ --predictions statistics/",
        "emoreport evaluate va labels/ --predictions statistics/ --write mine/",
    ),
    "evaluate.clips": (
        "emoreport evaluate clips clips/ --predictions statistics/",
        "emoreport evaluate clips labels.csv --predictions found.csv --json",
    ),
}
"""Command lines that can be typed as they are, by command."""


def lay_out(command: Any, path: str) -> None:  # noqa: ANN401 - typer's own class of commands
    """Make a command show its examples, and its options in panels where they are many."""

    def format_options(ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's own classes
        if path in EXAMPLES:
            with formatter.section(_panel("examples", spoken())):
                for line in EXAMPLES[path]:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        arguments: list[tuple[str, str]] = []
        panels: dict[str, list[tuple[str, str]]] = {name: [] for name in ORDER}
        for parameter in command.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_option = parameter.param_type_name == "option"
                (panels[panel_of(parameter.name)] if is_option else arguments).append(record)
        options = [record for records in panels.values() for record in records]
        sections = {"Arguments": arguments, "Options": options}
        if len(options) > MANY:
            sections = {
                "Arguments": arguments,
                **{_panel(name, spoken()): panels[name] for name in ORDER},
            }
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
        if hasattr(command, "commands"):
            command.format_commands(ctx, formatter)

    command.format_options = format_options


def panel_of(name: str) -> str:
    """Panel of an option."""
    info = OPTIONS.get(name)
    return _OF_OPTION.get(name) or ("usual" if info is None else _OF_GROUP[info.group])
