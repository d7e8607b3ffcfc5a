"""Tell the user of a finished report: its warnings and the closing panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emoreport.cli.console import closing_panel, warning_line
from emoreport.messages import label_name, text

if TYPE_CHECKING:
    from emoreport.records import RunPlan
    from emoreport.run.report import Report


def show_report(report: Report, folder: Path, *, quiet: bool) -> None:
    """Print the warnings of a report and, unless `quiet`, its closing panel."""
    lang, name = report.settings.output.lang, report.run.input.name
    for line in report.warnings(lang):
        warning_line(f"{name}: {line}")
    older = made_before(folder)
    if older:
        warning_line(f"{name}: {text('cli.line.made_before', lang, folders=', '.join(older))}")
    if not quiet:
        faint = text("cli.panel.weaknesses", lang)
        closing_panel(name, summary_rows(report, folder, lang), faint=faint)


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


def summary_rows(report: Report, folder: Path, lang: str) -> list[tuple[str, str]]:
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
        ("duration", text("cli.line.seconds", lang, value=f"{summary.duration_s:.2f}")),
        ("face_coverage", percent(summary.face_coverage)),
        ("speech", text("cli.line.seconds", lang, value=f"{summary.speech_s:.1f}")),
        ("face_emotion", emotion(summary.dominant_video_emotion)),
        ("voice_emotion", emotion(summary.dominant_audio_emotion)),
        (
            "transitions",
            f"{summary.transitions} ({unknown if rate is None else f'{rate:.1f}'}/min)",
        ),
        ("mismatch", mismatch_sentence(summary.mismatch, lang)),
        ("models", _model_names(report.run, lang)),
        ("weaknesses", _weaknesses(report.run, lang)),
        ("folder", str(folder)),
    ]
    return [(text(f"cli.panel.{key}", lang), value) for key, value in rows if value]


def _model_names(run: RunPlan, lang: str) -> str:
    names = []
    for model, witness in run.emotion_models:
        name = model.name
        if model.runtime:
            name = f"{model.kind} {model.name} ({model.runtime}, {model.device})"
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
            told.append(f"{model.kind} {model.name} {known}")
    return "; ".join(told)
