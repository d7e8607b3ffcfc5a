"""``emoreport models …``: list, fetch, check and remove the models of the store."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoreport.cli.console import error_line, note_line, print_table
from emoreport.cli.model_tables import model_facts, model_rows
from emoreport.cli.options import Config, Json, Quiet, Verbose, settings_from, with_settings
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED, EmoreportError, ModelError, SettingsError
from emoreport.messages import number, spoken, text

if TYPE_CHECKING:
    from emoreport.models.store.model_store import ModelStore
    from emoreport.models.store.registry import ModelEntry
    from emoreport.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
)

COMMON = ("offline", "lang")

AcceptNew = Annotated[
    bool,
    typer.Option(
        "--accept-new",
        help="models.accept_new",
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME", help="models.names", show_default=False),
]
AnyNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="models.names", show_default=False),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="models.name", show_default=False)]
BundleFile = Annotated[Path, typer.Argument(metavar="FILE", help="models.file", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="models.overwrite")]
HeadFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="models.import-head.file", show_default=False)
]
Layout = Annotated[
    str,
    typer.Option("--layout", metavar="NAME", help="models.import-head.layout", show_default=False),
]
HeadFolder = Annotated[
    Path,
    typer.Option("--out", metavar="FOLDER", help="models.import-head.out", show_default=False),
]
Features = Annotated[
    str,
    typer.Option(
        "--features", metavar="NAME", help="models.import-head.features", show_default=False
    ),
]
ReplaceHead = Annotated[bool, typer.Option("--overwrite", help="models.import-head.overwrite")]


@app.command("list")
@with_settings(COMMON)
def list_models(
    *,
    as_json: Json = False,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Every model that emoreport knows, and how much of it is here."""
    from emoreport.models.store.registry import registry

    with _tracebacks(verbose):
        settings = settings_from(options, config)
        store = open_store(settings, quiet=quiet)
        models = list(registry().values())
        if as_json:
            facts = [model_facts(store, model) for model in models]
            print(json.dumps(facts, indent=2, ensure_ascii=False))
        else:
            print_table(*model_rows(store, models, settings.output.lang))
            if not quiet:
                _tell(settings, "folder", folder=store.root)
    return EXIT_OK


@app.command("pull")
@with_settings(COMMON)
def pull(
    *,
    names: Names,
    accept_new: AcceptNew = False,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Get models; what is here and right is not fetched again.

    EMOREPORT_MODEL_DIR names another folder for them, EMOREPORT_MODEL_MIRROR a server to use in
    place of their sources.
    """
    with _tracebacks(verbose):
        settings = settings_from(options, config)
        store = open_store(settings, quiet=quiet)
        models = _chosen(names)
    return pull_models(store, models, settings, quiet=quiet, verbose=verbose, accept_new=accept_new)


@app.command("verify")
@with_settings(COMMON)
def verify(
    *,
    names: AnyNames = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Read every byte of the models that are here and compare it; exit code 1 if any is damaged."""
    from emoreport.models.store.model_store import ModelState
    from emoreport.models.store.registry import registry

    with _tracebacks(verbose):
        settings = settings_from(options, config)
        store = open_store(settings, quiet=quiet)
        models = _chosen(names) if names else list(registry().values())
        if not names:
            models = [model for model in models if store.state(model) is not ModelState.ABSENT]
    worst = EXIT_OK
    for model in models:
        try:
            store.verify(model)
        except ModelError as error:
            worst = max(worst, _report(error, verbose=verbose))
        else:
            if not quiet:
                _tell(settings, "whole", model=model.name)
    return worst


@app.command("bundle")
@with_settings(COMMON)
def bundle(
    *,
    file: BundleFile,
    names: AnyNames = None,
    overwrite: Overwrite = False,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Write pulled models into one tar file, for a machine without network.

    Without NAME, all that are complete here.
    """
    from emoreport.models.store.bundles import write_bundle
    from emoreport.models.store.model_store import ModelState
    from emoreport.models.store.registry import registry

    with _tracebacks(verbose):
        settings = settings_from(options, config)
        store = open_store(settings, quiet=quiet)
        models = (
            _chosen(names)
            if names
            else [
                model
                for model in registry().values()
                if model.source.kind != "package" and store.state(model) is ModelState.COMPLETE
            ]
        )
        written = write_bundle(store, file, models, overwrite=overwrite)
    if not quiet:
        _tell(settings, "bundled", file=file, **_content(written.models, written.size_bytes))
    return EXIT_OK


@app.command("import")
@with_settings(COMMON)
def import_bundle(
    *,
    file: BundleFile,
    accept_new: AcceptNew = False,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Take the models of a tar file that `emoreport models bundle` wrote; all of them or none."""
    from emoreport.models.store.bundles import read_bundle

    with _tracebacks(verbose):
        settings = settings_from(options, config)
        taken = read_bundle(open_store(settings, quiet=quiet), file, accept_new=accept_new)
    if not quiet:
        _tell(settings, "imported", file=file, **_content(taken.models, taken.size_bytes))
    return EXIT_OK


@app.command("import-head")
@with_settings(COMMON)
def import_published_head(
    *,
    file: HeadFile,
    layout: Layout,
    out: HeadFolder,
    features: Features = "",
    overwrite: ReplaceHead = False,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Turn the file of a published head into a head folder; says which features it takes."""
    from emoreport.heads.published.importing import import_head
    from emoreport.models.store.registry import registry

    with _tracebacks(verbose):
        settings = settings_from(options, config)
        head = import_head(file, layout, out, features=features, overwrite=overwrite)
    # The terms are told even when nothing else is: whoever uses the weights has to know them.
    _tell(settings, "head_terms", head=head.name, licence=head.licence)
    if quiet:
        return EXIT_OK
    _tell(settings, "head", out=out, task=head.task, labels=", ".join(head.labels))
    for modality, source in head.features.items():
        layer = f" {source.layer}" if source.layer else ""
        _tell(settings, f"takes_{modality}", model=source.model + layer, width=source.width)
        if source.model not in registry():
            note_line(text("cli.models.note.no_features", settings.output.lang, model=source.model))
    return EXIT_OK


@app.command("show")
@with_settings(COMMON)
def show(
    *,
    name: Name,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Print the card of a model: what it was trained on, its terms, what it is good for."""
    from emoreport.cli.model_tables import fact_rows
    from emoreport.models.store.cards import card_text
    from emoreport.models.store.registry import find_entry

    with _tracebacks(verbose):
        settings = settings_from(options, config)
        model = find_entry(name)
        store = open_store(settings, quiet=quiet)
        card = card_text(model)
        if card:
            print(card)
        else:
            note_line(text("cli.models.line.no_card", settings.output.lang, model=name))
        for label, value in fact_rows(store, model, settings.output.lang):
            print(f"{label}: {value}")
    return EXIT_OK


@app.command("remove")
@with_settings(COMMON)
def remove(
    *,
    names: Names,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    options: dict[str, Any],
) -> int:
    """Delete the files of models from the store."""
    with _tracebacks(verbose):
        settings = settings_from(options, config)
        store = open_store(settings, quiet=quiet)
        for model in _chosen(names):
            done = store.remove(model)
            if not quiet:
                _tell(settings, "removed" if done else "not_here", model=model.name)
    return EXIT_OK


def pull_models(
    store: ModelStore,
    models: Sequence[ModelEntry],
    settings: Settings,
    *,
    quiet: bool,
    verbose: bool,
    accept_new: bool = False,
) -> int:
    """Pull models one after the other, telling how; the exit code."""
    from emoreport.cli.pull_display import PullDisplay
    from emoreport.models.store.model_choice import size_text
    from emoreport.models.store.model_store import UnreachableError

    worst = EXIT_OK
    for model in models:
        try:
            with PullDisplay(lang=settings.output.lang, quiet=quiet) as display:
                pulled = store.pull(model, display, accept_new=accept_new)
        except EmoreportError as error:
            worst = max(worst, _report(error, verbose=verbose))
            if isinstance(error, UnreachableError):
                break  # nor can the others be fetched
        else:
            if not quiet:
                size = size_text(store.size_bytes(model), model, settings.output.lang)
                _tell(settings, "complete", model=model.name, size=size, revision=pulled.revision)
                _tell(
                    settings,
                    "terms",
                    model=model.name,
                    weights=model.weights_licence,
                    data=model.data_terms,
                )
    return worst


def open_store(settings: Settings, *, quiet: bool) -> ModelStore:
    """The store of this machine, its notes shown unless `quiet`."""
    from emoreport.models.store.model_store import ModelStore

    def note(key: str, values: Any) -> None:  # noqa: ANN401 - words take any values
        if not quiet:
            note_line(text(f"cli.models.note.{key}", settings.output.lang, **values))

    return ModelStore(offline=settings.runtime.offline, note=note)


def _chosen(names: Sequence[str]) -> list[ModelEntry]:
    """Registry entries of names and patterns, in the order given, each once.

    Raises
    ------
    SettingsError
        When a name fits no model.
    """
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    from emoreport.models.store.registry import registry

    chosen: dict[str, ModelEntry] = {}
    for name in names:
        matching = {
            registered_name: model
            for registered_name, model in registry().items()
            if fnmatchcase(registered_name, name)
        }
        if not matching:
            near = get_close_matches(name, registry(), n=1)
            if near:
                raise SettingsError("models.unknown_near", name=name, near=near[0])
            raise SettingsError("models.unknown", name=name)
        chosen |= matching
    return list(chosen.values())


def _content(models: Any, size_bytes: int) -> dict[str, object]:  # noqa: ANN401 - names by model
    return {"models": ", ".join(models), "size": number(size_bytes / 1e6, 1, spoken())}


def _tell(settings: Settings, key: str, **values: object) -> None:
    print(text(f"cli.models.line.{key}", settings.output.lang, **values))


def _report(error: EmoreportError, *, verbose: bool) -> int:
    """Print an error that does not end the command; its exit code."""
    error_line(str(error))
    if verbose:
        traceback.print_exception(error)
    return max(error.exit_code, EXIT_VIDEO_FAILED)


@contextmanager
def _tracebacks(verbose: bool) -> Iterator[None]:
    """Show where an error came from, if asked to; the one line about it follows elsewhere."""
    try:
        yield
    except EmoreportError as error:
        if verbose:
            traceback.print_exception(error)
        raise
