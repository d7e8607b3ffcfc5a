"""Run the command ``emoreport``: find the subcommand, turn errors into a line and an exit code."""

from __future__ import annotations

import gc
import importlib.metadata
import sys
from typing import Annotated, Any

import typer

from emoreport.cli import (
    agree,
    analyze,
    batch,
    clips,
    compare,
    doctor,
    evaluate,
    export,
    features,
    models,
    multiverse,
    optimize,
    page,
    people,
    personalize,
    plot,
    render,
    retable,
    setup,
    summary_sheet,
    train,
    transcribe,
)
from emoreport.cli.console import error_line, system_error_line
from emoreport.cli.wording import language_of, usage_line, worded_command
from emoreport.errors import EXIT_INTERRUPTED, EXIT_USAGE, EmoreportError
from emoreport.messages import speaking, spoken, text

# Newer releases of typer carry a click of their own: the class is found, not imported.
_UsageError: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

app = typer.Typer(
    name="emoreport",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"emoreport {importlib.metadata.version('emoreport')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", help="app.version", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    del version


app.command("analyze")(analyze.analyze)
app.command("batch")(batch.batch)
app.command("features")(features.features)
app.command("transcribe")(transcribe.transcribe)
app.command("retable")(retable.retable)
app.command("people")(people.people)
app.command("multiverse")(multiverse.multiverse)
app.command("compare")(compare.compare)
app.command("page")(page.page)
app.command("plot")(plot.plot)
app.command("export")(export.export)
app.command("agree")(agree.agree)
app.command("personalize")(personalize.personalize)
app.command("render")(render.render)
app.command("clips")(clips.clips)
app.command("summary-sheet")(summary_sheet.summary_sheet)
app.add_typer(evaluate.app, name="evaluate")
models.app.command("optimize")(optimize.optimize)
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
app.command("setup")(setup.setup)
app.command("doctor")(doctor.doctor)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with the exit code of the contract."""
    code = run(arguments)
    # What is left is not searched for cycles on the way out (a fifth of a second after an hour's
    # tables): the system takes the memory back as a whole.
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code (0, 1, 2 or 130)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    with speaking(language_of(arguments)):
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    try:
        result = worded_command(app)(args=arguments, prog_name="emoreport", standalone_mode=False)
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
        else:
            error_line(usage_line(error))
        return EXIT_USAGE
    except (typer.Abort, KeyboardInterrupt):
        result = EXIT_INTERRUPTED
    except EmoreportError as error:
        error_line(str(error))
        return error.exit_code
    except OSError as error:
        # Where a name from the command line is looked at first: too long, in a closed folder, …
        return system_error_line(error)
    # Some releases of typer turn Ctrl-C into this exit code by themselves.
    if result == EXIT_INTERRUPTED:
        error_line(text("cli.line.interrupted", spoken()))
    return result if isinstance(result, int) else 0
