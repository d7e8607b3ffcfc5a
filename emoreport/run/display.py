"""What Python shows of a report: five lines, or in a notebook sentence, picture and figures.

The notebook's output is one piece of HTML that needs nothing else and runs nothing.
"""

from __future__ import annotations

from base64 import b64encode

from markupsafe import Markup

from emoreport.finding import figures_in_words, finding_sentence
from emoreport.messages import text
from emoreport.plots.kinds import draw_plot
from emoreport.plots.plot import printable
from emoreport.results import Findings


def report_lines(findings: Findings, lang: str) -> str:
    """A report in five lines: what it is of, the emotions, the mismatch, the models."""
    figures = figures_in_words(findings, lang)
    head = f"Report: {printable(findings.run.input.name)}, {figures['duration']}"
    keys = ("face_emotion", "voice_emotion", "mismatch", "models")
    shown = [key for key in keys if key in figures]
    rows = (f"  {text(f'cli.panel.{key}', lang)}: {figures[key]}" for key in shown)
    return "\n".join((head, *rows))


def report_html(findings: Findings, lang: str) -> str:
    """A report for a notebook: the finding in one sentence, the timeline, the main figures."""
    plot = draw_plot(findings, "timeline", lang)
    png, width_px = plot.screen_png()
    rows = Markup("").join(
        Markup(
            "<tr><th style='text-align:left'>{}</th><td style='text-align:left'>{}</td></tr>"
        ).format(text(f"cli.panel.{key}", lang), value)
        for key, value in figures_in_words(findings, lang).items()
    )
    html = Markup(
        "<div lang='{lang}'><p><b>{name}</b>: {sentence}</p>"
        "<img alt='{caption}' width='{width}' src='data:image/png;base64,{png}'>"
        "<table>{rows}</table></div>"
    ).format(
        lang=lang,
        name=printable(findings.run.input.name),
        sentence=finding_sentence(findings, lang),
        caption=repr(plot),
        width=width_px,
        png=b64encode(png).decode("ascii"),
        rows=rows,
    )
    return str(html)
