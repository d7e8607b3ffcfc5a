"""``emoreport page STATS_DIR``: the page of stored results again, on the screen or on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from emoreport.cli.options import Config, Quiet, StatsDir, language, with_settings

Pdf = Annotated[bool, typer.Option("--pdf", help="page.pdf")]
Browser = Annotated[
    Path | None, typer.Option("--browser", help="page.browser", metavar="FILE", show_default=False)
]
Target = Annotated[Path | None, typer.Option("--out", help="page.out", metavar="FILE")]


@with_settings(("lang",))
def page(
    *,
    stats_dir: StatsDir,
    pdf: Pdf = False,
    browser: Browser = None,
    out: Target = None,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Make the page of a talk again, or print it on two pages of A4.

    Example: emoreport page statistics/talk --pdf --lang ru

    With --pdf a Chromium, Chrome or Edge of this machine prints it: the finding, figures, tracks
    and moments on the first page, what they rest on on the second.
    """
    from emoreport.atomic import Staging
    from emoreport.page.document import PageVideo, page_html
    from emoreport.page.paper import print_page
    from emoreport.run.page_video import find_video, page_bytes, seen_from
    from emoreport.run.read import read_report
    from emoreport.tables.store import PAGE_FILE, PRINTED_FILE

    report = read_report(stats_dir, language(options, config))
    output = report.settings.output
    target = out or stats_dir / (PRINTED_FILE if pdf else PAGE_FILE)
    with Staging(target.parent) as staging:
        if pdf:
            shown = page_html(report, lang=output.lang, video=PageVideo("none"))
            content = print_page(shown, target.parent, browser)
        else:
            video = find_video(report.run.input, report.folder)
            source = seen_from(target.parent, report.run.input, video)
            content = page_bytes(
                report, source, video=video, lang=output.lang, mode=output.page_video
            )
        staging.put(target.name, content)
        staging.commit()
    if not quiet:
        print(target)
    return 0
