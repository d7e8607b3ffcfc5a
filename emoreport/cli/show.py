"""Tell the user of a finished report: its warnings and the closing panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoreport.cli.console import closing_panel, shown, warning_line
from emoreport.messages import text

if TYPE_CHECKING:
    from emoreport.records import RunPlan
    from emoreport.run.report import Report


OpenPage = Annotated[bool, typer.Option("--open", help="option.open")]


def show_report(report: Report, folder: Path, *, quiet: bool) -> None:
    """Print the warnings of a report and, unless `quiet`, its closing panel."""
    lang, name = report.settings.output.lang, report.run.input.name
    for line in report.warnings(lang):
        warning_line(f"{name}: {line}")
    older = made_before(folder)
    if older:
        warning_line(f"{name}: {text('cli.line.made_before', lang, folders=', '.join(older))}")
    if not quiet:
        from emoreport.finding import finding_sentence

        faint = {text(f"cli.panel.{key}", lang) for key in ("models", "weaknesses")}
        rows = summary_rows(report, lang)
        closing_panel(name, rows, head=finding_sentence(report, lang), faint=faint)
        show_place(folder)


def show_place(folder: Path) -> None:
    """Print where the page is, else where the tables are: the last line of a command."""
    print(shown(str(page_in(folder) or folder)), flush=True)


def page_in(folder: Path) -> Path | None:
    """The page of a run; None where none was made."""
    from emoreport.tables.store import PAGE_FILE

    page = folder / PAGE_FILE
    return page if page.is_file() else None


def open_page(folder: Path, lang: str) -> None:
    """Show the page of a run in the browser of this machine; warn where that cannot be."""
    import webbrowser

    page = page_in(folder)
    if page is None:
        warning_line(f"{folder}: {text('cli.line.no_page', lang)}")
    elif not webbrowser.open(page.absolute().as_uri()):
        warning_line(f"{page}: {text('cli.line.no_browser', lang)}")


def made_before(folder: Path) -> tuple[str, ...]:
    """Subfolders (plots, clips, multiverse, …) that were made before the tables in `folder`.

    They show another state of the results than the tables beside them.
    """
    from emoreport.run.run_json import RUN_FILE

    made_ns = (folder / RUN_FILE).stat().st_mtime_ns
    older = []
    for subfolder in sorted(folder.iterdir()):
        if subfolder.is_dir() and not subfolder.name.startswith("."):
            times_ns = [file.stat().st_mtime_ns for file in subfolder.iterdir() if file.is_file()]
            if times_ns and max(times_ns) < made_ns:
                older.append(f"{subfolder.name}/")
    return tuple(older)


def summary_rows(report: Report, lang: str) -> list[tuple[str, str]]:
    """Label–value rows about a report, in `lang`: the models first, what they are bad at."""
    from emoreport.finding import figures_in_words

    figures = figures_in_words(report, lang)
    rows = {
        "models": figures["models"],
        "weaknesses": _weaknesses(report.run, lang),
        **figures,
    }
    return [(text(f"cli.panel.{key}", lang), value) for key, value in rows.items() if value]


def _weaknesses(run: RunPlan, lang: str) -> str:
    """What each model is known to be bad at; nothing of those that nothing is known of."""
    from emoreport.finding import model_name
    from emoreport.models.store.registry import weakness_of

    told = []
    for model in (model for pair in run.emotion_models for model in pair if model is not None):
        key = weakness_of(model)
        if key:
            known = text(f"cli.models.weakness.{key}", lang)
            told.append(f"{model_name(model, lang)} {known}")
    return "; ".join(told)
