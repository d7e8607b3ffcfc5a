"""``emoreport models optimize NAME``: the form of a voice model that is fastest on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import note_line
from emoreport.cli.options import Config, Quiet, settings_from, with_settings
from emoreport.errors import SettingsError

if TYPE_CHECKING:
    from emoreport.models.optimizing import FormsRecord
    from emoreport.models.registry import PulledModel

FAMILY = "aniemore"

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="aniemore/<name>, or a folder in its layout.", show_default=False
    ),
]
Speech = Annotated[
    list[Path] | None,
    typer.Option(
        "--speech",
        metavar="FILE",
        help="Recording of a person talking, up to ten minutes; may be given more than once. "
        "Speed and agreement are measured on it.",
        show_default=False,
    ),
]
FormName = Annotated[
    str,
    typer.Option(
        "--form",
        metavar="FORM",
        help="auto takes the fastest form that answers as torch does; or torch-float32, "
        "torch-bfloat16, onnxruntime-float32, onnxruntime-int8, openvino-float32, "
        "openvino-bfloat16 or openvino-int8.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@with_settings(("threads",))
def optimize(
    *,
    name: Name,
    speech: Speech = None,
    form: FormName = "auto",
    as_json: Json = False,
    config: Config = None,
    quiet: Quiet = False,
    given: dict[str, Any],
) -> int:
    """Export a voice model, measure its forms on real speech and use the fastest equal one.

    A form is equal if no probability differs by more than 0.02 from torch in float32 and 99 % of
    the windows keep their first label. The forms lie beside the model, some 1.3 GB for the large
    ones; 8-bit weights are used only if --form names them.
    """
    from emoreport.optimization import optimize as make_forms

    if not speech:
        raise SettingsError(
            "agreement is measured on speech like that which is to be judged",
            remedy="give a recording of a person talking with --speech FILE",
        )
    settings = settings_from(given, config)
    record = make_forms(
        _pulled(name),
        speech,
        form=form,
        threads=settings.runtime.threads,
        announce=_say_nothing if quiet else note_line,
    )
    _print(record, as_json=as_json)
    return 0


def _say_nothing(line: str) -> None:
    """Take a line that nobody wants to see."""
    del line


def _pulled(name: str) -> PulledModel:
    from emoreport.models.registry import find_entry
    from emoreport.models.store import ModelStore
    from emoreport.speech.aniemore import local_aniemore

    folder = Path(name).expanduser()
    if folder.is_dir() and not name.startswith(f"{FAMILY}/"):
        return local_aniemore(folder)
    entry = find_entry(name)
    if entry.family != FAMILY:
        raise SettingsError(
            f"{name} needs no export; it runs in ONNX Runtime and OpenVINO as it is",
            remedy="choose the runtime with --runtime",
        )
    return ModelStore(offline=True).open(entry)


def _print(record: FormsRecord, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(record.document(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    on = record.measured_on
    names = ", ".join(recording["name"] for recording in on["recordings"])
    print(f"{record.model}: {on['windows']} windows of {on['window_s']:g} s of {names}")
    print(f"{'form':<22}{'× real time':>12}{'largest |Δp|':>14}{'same label':>12}")
    for form in sorted(record.forms, key=lambda entry: -entry.times_real_time):
        used = "  used from now on" if form.name == record.chosen else ""
        print(
            f"{form.name:<22}{form.times_real_time:>12.1f}{form.max_difference:>14.4f}"
            f"{form.same_label:>11.1%} {used}"
        )
    for name, cause in record.failed.items():
        print(f"{name:<22}{cause}")
