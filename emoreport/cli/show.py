"""Tell the user of a finished report: its warnings and the closing panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from emoreport.cli.console import closing_panel, shown, warning_line
from emoreport.messages import label_name, text

if TYPE_CHECKING:
    from emoreport.records import ModelRecord, RunPlan
    from emoreport.run.report import Report


OF_THE_PICTURE: Final = frozenset({"face_coverage", "transitions", "face_emotion", "mismatch"})
"""Rows that a recording of sound alone has nothing for."""

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
    """Label–value rows about a report, in `lang`."""
    from emoreport.finding import mismatch_sentence

    summary = report.analysis.summary
    unknown = text("cli.line.unknown", lang)

    def emotion(label: str | None) -> str:
        return unknown if label is None else label_name(label, lang, report.run.bridge)

    def percent(share: float | None) -> str:
        return unknown if share is None else f"{100 * share:.0f} %"

    rate = summary.transitions_per_minute
    rows = [
        ("models", _model_names(report.run, lang)),
        ("weaknesses", _weaknesses(report.run, lang)),
        ("duration", text("cli.line.seconds", lang, value=summary.duration_s)),
        ("face_coverage", percent(summary.face_coverage)),
        ("speech", text("cli.line.seconds", lang, value=summary.speech_s)),
        (
            "transitions",
            unknown
            if rate is None
            else text("cli.line.transitions", lang, count=summary.transitions, rate=rate),
        ),
        ("face_emotion", emotion(summary.dominant_video_emotion)),
        ("voice_emotion", emotion(summary.dominant_audio_emotion)),
        ("mismatch", mismatch_sentence(summary.mismatch, lang)),
    ]
    if not report.run.media.has_picture:
        rows = [(key, value) for key, value in rows if key not in OF_THE_PICTURE]
    return [(text(f"cli.panel.{key}", lang), value) for key, value in rows if value]


def _model_names(run: RunPlan, lang: str) -> str:
    names = []
    for model, witness in run.emotion_models:
        name = _named(model, lang)
        if witness is not None:
            name = text("cli.line.with_witness", lang, model=name, witness=witness.name)
        names.append(name)
    return ", ".join(names)


def _weaknesses(run: RunPlan, lang: str) -> str:
    """What each model is known to be bad at; nothing of those that nothing is known of."""
    from emoreport.models.store.registry import weakness_of

    told = []
    for model in (model for pair in run.emotion_models for model in pair if model is not None):
        key = weakness_of(model)
        if key:
            known = text(f"cli.models.weakness.{key}", lang)
            told.append(f"{_named(model, lang)} {known}")
    return "; ".join(told)


def _named(model: ModelRecord, lang: str) -> str:
    return (
        f"{text(f'cli.models.kind.{model.kind}', lang)} {model.name}"
        if model.kind in {"face", "voice"}
        else model.name
    )
