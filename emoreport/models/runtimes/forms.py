"""The forms of a model (runtime and precision): which exist, how fast each is, which one runs.

A form is a runtime and a precision, for some models with a graph exported for it. They lie in
``optimized/`` beside the pulled files: one sub-folder with the exported graphs, if any, and
``forms.json``, which names the files by digest. The record is replaced in one step after its
files are in place, so that a reader finds an old set of forms or a new one, never a mixture.
"""

from __future__ import annotations

import importlib.metadata
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from emoreport.atomic import make_store_folder, store_error, write_store_file
from emoreport.errors import ModelError, remedy
from emoreport.messages import Phrase
from emoreport.models.store.integrity import digest_file
from emoreport.models.store.locks import exclusive
from emoreport.models.store.model_store import FORMS_FOLDER, FORMS_RECORD
from emoreport.models.store.registry import PulledModel

FOLDER, RECORD = FORMS_FOLDER, FORMS_RECORD
LAYOUT: Final = 2
"""Version of the record and of what the graphs expect; a form of another version is not run."""
MAKING: Final = ".making"

TORCH: Final = "torch"
FLOAT32, BFLOAT16, INT8 = "float32", "bfloat16", "int8"
LIBRARIES: Final = (
    "emoreport",
    "torch",
    "transformers",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "openvino",
)
"""What takes part in making and running forms."""

MOST_DIFFERENCE: Final = 0.02
"""A form that moves no probability further than this, …"""
LEAST_SAME: Final = 0.99
"""… and gives at least this share of windows or faces the same first label, is equal."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a model.

    Attributes
    ----------
    runtime
        ``torch``, ``onnxruntime`` or ``openvino``.
    precision
        ``float32``, ``bfloat16`` (steps of half the width) or ``int8`` (quantised weights).
    graph
        The exported graph; None where the model's own file runs.
    window
        The same graph for one clip of one fixed length, which some runtimes run faster; or None.
    files
        ``{name: SHA-256}`` of the exported files, for run.json.
    """

    runtime: str
    precision: str
    graph: Path | None = None
    window: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``openvino-bfloat16``."""
        return f"{self.runtime}-{self.precision}"


@dataclass(frozen=True, slots=True)
class MeasuredForm:
    """What one form was measured to do on this machine.

    Attributes
    ----------
    runtime, precision, version
        What ran it.
    graph, window
        Names of its graphs among the exported files; "" where it has none.
    speed
        What it judged in one second, in the unit of the record.
    max_difference
        Largest difference of a probability from those of the reference, 0–1.
    same_label
        Share of windows or faces with the same first label as there, 0–1.
    kept
        Whether it can run from now on: its files, if it has any, were kept.
    """

    runtime: str
    precision: str
    version: str
    graph: str
    window: str
    speed: float
    max_difference: float
    same_label: float
    kept: bool = False

    @property
    def name(self) -> str:
        """``openvino-bfloat16``."""
        return f"{self.runtime}-{self.precision}"

    @property
    def graphs(self) -> frozenset[str]:
        """Names of its graphs."""
        return frozenset({self.graph, self.window} - {""})

    def needs(self, name: str) -> bool:
        """Whether an exported file is one of its graphs or holds the weights of one."""
        return any(name == graph or name.startswith(f"{graph}.") for graph in self.graphs)

    @property
    def equal(self) -> bool:
        """Whether it answers as the reference does, within the tolerance."""
        return self.max_difference <= MOST_DIFFERENCE and self.same_label >= LEAST_SAME


@dataclass(frozen=True, slots=True)
class FormsRecord:
    """All forms that were measured for one model, and the one that is used from then on.

    Attributes
    ----------
    model
        Name of the model.
    source
        ``{file name: SHA-256}`` of the files that the forms were made from.
    versions
        Libraries that took part.
    measured_on
        The recordings, what was taken from them and the machine that the figures hold for.
    unit
        Of the speeds: ``× real time`` or ``faces/s``.
    forms
        What was measured; the first one is the reference.
    failed
        ``{name of a form: why it did not run here}``.
    chosen
        Name of the form that runs unless another is asked for.
    files
        ``{path below the folder of forms: SHA-256}`` of the exported files.
    """

    model: str
    source: Mapping[str, str]
    versions: Mapping[str, str]
    measured_on: Mapping[str, Any]
    unit: str
    forms: tuple[MeasuredForm, ...]
    failed: Mapping[str, str]
    chosen: str
    files: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the record as JSON holds it."""
        tolerance = {"max_difference": MOST_DIFFERENCE, "same_label": LEAST_SAME}
        forms = {form.name: asdict(form) | {"equal": form.equal} for form in self.forms}
        return {"layout": LAYOUT} | asdict(self) | {"tolerance": tolerance, "forms": forms}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> FormsRecord:
        """Record that `document` gave.

        Raises
        ------
        ValueError, KeyError, TypeError, AttributeError
            When it is something else.
        """
        if document["layout"] != LAYOUT:
            raise ValueError(f"its layout is {document['layout']}, not {LAYOUT}")
        forms = []
        for stored in document["forms"].values():
            facts = {key: value for key, value in stored.items() if key != "equal"}
            forms.append(MeasuredForm(**facts))
        names = ("model", "source", "versions", "measured_on", "unit", "failed", "chosen", "files")
        record = cls(**{name: document[name] for name in names}, forms=tuple(forms))
        if record.chosen not in {form.name for form in forms if form.kept}:
            raise ValueError(f"it chose {record.chosen!r}, of which it has nothing")
        for name in record.files:
            if len(Path(name).parts) != 2 or ".." in Path(name).parts:
                raise ValueError(f"it names the file {name!r}, which is no place of its own")
        graphs = {name for form in forms if form.kept for name in form.graphs}
        if not graphs <= {Path(name).name for name in record.files}:
            raise ValueError("it lacks the file of a form")
        return record

    def best(self, runtime: str) -> MeasuredForm | None:
        """The chosen form for ``auto``; else the form for one runtime, None if none was kept.

        Of several forms for a runtime the chosen one is taken, else the fastest that is equal
        within the tolerance. Where the runtime of the chosen one is not installed, ``auto`` takes
        the fastest equal one of those that are.
        """
        chosen = next(form for form in self.forms if form.name == self.chosen)
        runtimes = {runtime}
        if runtime == "auto":
            runtimes = {form.runtime for form in self.forms if runtime_version(form.runtime)}
        if chosen.runtime in runtimes:
            return chosen
        kept = [
            form for form in self.forms if form.runtime in runtimes and form.kept and form.equal
        ]
        return max(kept, key=lambda form: form.speed, default=None)


def optimized_form(pulled: PulledModel, runtime: str) -> Form | None:
    """Find the form that runs a model: the chosen one for ``auto``, else the one for a runtime.

    Returns
    -------
    The form, its files checked; None where no form was made for it.

    Raises
    ------
    ModelError
        When the record or a file is damaged, when the forms were made from other files than the
        model has now, or when the runtime has come out in a new major version since.
    """
    path = pulled.folder / FOLDER / RECORD
    if not path.is_file():
        return None
    try:
        record = FormsRecord.from_document(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            "models.forms_record", error=error, remedy=_again(pulled), file=path
        ) from error
    if dict(record.source) != dict(pulled.files):
        raise ModelError("models.forms_of_others", remedy=_again(pulled), file=path)
    measured = record.best(runtime)
    if measured is None:
        return None
    here = runtime_version(measured.runtime)
    if here is not None and _major(here) != _major(measured.version):
        raise ModelError(
            "models.forms_old",
            form=measured.name,
            runtime=measured.runtime,
            version=measured.version,
            installed=here,
            remedy=_again(pulled),
            file=path,
        )
    return _checked(pulled, record, measured)


def _checked(pulled: PulledModel, record: FormsRecord, measured: MeasuredForm) -> Form:
    """The form with its files, each compared with its digest."""
    folder = pulled.folder / FOLDER
    paths = {}
    shown = {}
    for name, digest in record.files.items():
        path = folder / name
        if not measured.needs(path.name):
            continue
        if digest_file(path).sha256 != digest:
            raise ModelError("models.forms_file", remedy=_again(pulled), file=path)
        paths[path.name] = path
        shown[f"{FOLDER}/{path.name}"] = digest
    return Form(
        measured.runtime,
        measured.precision,
        graph=paths.get(measured.graph),
        window=paths.get(measured.window),
        files=shown,
    )


def command(pulled: PulledModel) -> str:
    """The command that makes the forms of a model."""
    name = pulled.name if pulled.registered is not None else str(pulled.folder)
    material = "--face VIDEO" if _is_of_faces(pulled) else "--speech RECORDING"
    return f"`emoreport models optimize {name} {material}`"


def _again(pulled: PulledModel) -> Phrase:
    plain = "--runtime onnxruntime" if _is_of_faces(pulled) else f"--speech-runtime {TORCH}"
    return remedy("forms_again", command=command(pulled), plain=plain)


def _is_of_faces(pulled: PulledModel) -> bool:
    return pulled.registered is not None and pulled.registered.kind == "face"


def runtime_version(runtime: str) -> str | None:
    """Version of a runtime that is installed, or None."""
    if runtime == "onnxruntime":
        # It is distributed under several names.
        import onnxruntime

        return str(onnxruntime.__version__)
    try:
        return importlib.metadata.version(runtime)
    except importlib.metadata.PackageNotFoundError:
        return None


def _major(version: str) -> str:
    return version.partition(".")[0]


def library_versions() -> dict[str, str]:
    """Versions of what makes and runs forms, as far as it is installed."""
    versions = {name: runtime_version(name) for name in LIBRARIES}
    return {name: version for name, version in versions.items() if version is not None}


# --------------------------------------------------------------------------- making


@contextmanager
def making(pulled: PulledModel, waiting: Callable[[], None]) -> Iterator[Path]:
    """Give an empty folder to export to; one process at a time, removed afterwards.

    Parameters
    ----------
    pulled
        The model.
    waiting
        Called once if another process is making its forms.

    Raises
    ------
    ModelError
        When the folder cannot be made.
    """
    folder = pulled.folder / FOLDER
    with exclusive(folder, "forms", waiting):
        staging = folder / MAKING
        shutil.rmtree(staging, ignore_errors=True)
        make_store_folder(staging)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def keep(pulled: PulledModel, staging: Path, record: FormsRecord) -> FormsRecord:
    """Put the files of the forms that are kept in place, then their record; drop older forms.

    Parameters
    ----------
    pulled
        The model.
    staging
        The folder that `making` gave.
    record
        What was measured; its `files` are filled in here.

    Raises
    ------
    ModelError
        When something cannot be written.
    """
    folder, token = pulled.folder / FOLDER, secrets.token_hex(4)
    kept = [form for form in record.forms if form.kept]
    try:
        for path in staging.iterdir():
            if not any(form.needs(path.name) for form in kept):
                path.unlink()
        files = {
            f"{token}/{path.name}": digest_file(path).sha256 for path in sorted(staging.iterdir())
        }
        staging.rename(folder / token)
    except OSError as error:
        raise store_error(error, folder) from error
    complete = replace(record, files=files)
    text = json.dumps(complete.document(), indent=2, ensure_ascii=False, allow_nan=False)
    write_store_file(folder / RECORD, text.encode("utf-8") + b"\n")
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name != token:
            shutil.rmtree(path, ignore_errors=True)
    return complete
