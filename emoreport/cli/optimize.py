"""``emoreport models optimize NAME``: keep the form of a model that is fastest on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from emoreport.cli.console import note_line, print_table
from emoreport.cli.options import Config, Json, Quiet, settings_from, with_settings
from emoreport.errors import SettingsError
from emoreport.measure.optimize import OPTIMIZERS, Optimizer
from emoreport.messages import Words, decimal, number

if TYPE_CHECKING:
    from emoreport.models.runtimes.forms import FormsRecord
    from emoreport.models.store.registry import PulledModel

_word: Final = Words("cli.models.optimize")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="models.optimize.name",
        show_default=False,
    ),
]
Speech = Annotated[
    list[Path] | None,
    typer.Option(
        "--speech",
        metavar="FILE",
        help="models.optimize.speech",
        show_default=False,
    ),
]
Face = Annotated[
    list[Path] | None,
    typer.Option(
        "--face",
        metavar="VIDEO",
        help="models.optimize.face",
        show_default=False,
    ),
]
FormName = Annotated[
    str,
    typer.Option(
        "--form",
        metavar="FORM",
        help="models.optimize.form",
    ),
]


@with_settings(("threads",))
def optimize(
    *,
    name: Name,
    speech: Speech = None,
    face: Face = None,
    form: FormName = "auto",
    as_json: Json = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Measure the forms of a model on recordings of yours and use the fastest equal one.

    A form is a runtime and a precision. It is equal if no probability differs by more than 0.02
    from the model as it runs by itself in float32 and 99 % of the windows or faces keep their
    first label. Voice models are exported for it; their forms lie beside the model, some 1.3 GB
    for the large ones. 8-bit weights are used only if --form names them.
    """
    settings = settings_from(options, config)
    announce = _say_nothing if quiet else note_line
    optimizer, pulled = _pulled(name)
    recordings = _material(name, optimizer.flag, {"--speech": speech, "--face": face})
    record = optimizer.measure(pulled, recordings, settings=settings, form=form, announce=announce)
    _print(record, settings.output.lang, as_json=as_json)
    return 0


def _say_nothing(line: str) -> None:
    """Take a line that nobody wants to see."""
    del line


def _material(name: str, flag: str, recordings: Mapping[str, list[Path] | None]) -> list[Path]:
    """What the model is measured on; nothing, or what it cannot judge, is refused."""
    wanted = recordings[flag]
    if not wanted:
        raise SettingsError("optimize.no_material", model=name, flag=flag)
    for wrong, paths in recordings.items():
        if paths and wrong != flag:
            raise SettingsError("optimize.wrong_material", model=name, wrong=wrong)
    return wanted


def _pulled(name: str) -> tuple[Optimizer, PulledModel]:
    """The model that the command line names, and what measures it."""
    from emoreport.models.store.model_store import ModelStore
    from emoreport.models.store.registry import find_entry

    folder = Path(name).expanduser()
    if folder.is_dir() and name.partition("/")[0] not in OPTIMIZERS:
        optimizer = next(candidate for candidate in OPTIMIZERS.values() if candidate.local)
        return optimizer, optimizer.local_model(folder)
    registered = find_entry(name)
    if registered.family not in OPTIMIZERS:
        raise SettingsError("optimize.one_form", model=name)
    return OPTIMIZERS[registered.family], ModelStore(offline=True).open(registered)


def _print(record: FormsRecord, lang: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(record.document(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    on = record.measured_on
    values = {"names": ", ".join(recording["name"] for recording in on["recordings"])}
    if "faces" in on:
        print(_word("faces", lang, model=record.model, count=on["faces"], **values))
    else:
        values["window"] = decimal(f"{on['window_s']:g}", lang)
        print(_word("windows", lang, model=record.model, count=on["windows"], **values))
    print_table(
        [_word("form", lang), record.unit, _word("difference", lang), _word("same", lang), ""],
        [
            [
                form.name,
                number(form.speed, 1, lang),
                number(form.max_difference, 4, lang),
                f"{form.same_label:.1%}",
                _word("used", lang) if form.name == record.chosen else "",
            ]
            for form in sorted(record.forms, key=lambda candidate: -candidate.speed)
        ],
    )
    for name, cause in record.failed.items():
        print(_word("failed", lang, form=name, cause=cause))
