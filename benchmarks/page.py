"""How large report.html of one hour is, how long it takes to make, and when a browser has it ready.

    python -m benchmarks.page

The hour is the readings of samples/talk.mp4 repeated in time. Ready means: every track, figure and
table is drawn and answers (the page's own mark ``emoreport-ready``). Needs a Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.retable import HOUR_S, SAMPLE, repeated
from emoreport import Report, analyze
from emoreport.page.document import PageVideo, page_html

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ROUNDS = 5
REDRAW = (
    "async () => { const start = performance.now(); emoreport.timeAxis.zoom(0.9, 1000);"
    " emoreport.timeAxis.drawAll();"
    " await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));"
    " return performance.now() - start; }"
)


def hour() -> Report:
    """The sample repeated to one hour."""
    report = analyze(SAMPLE)
    return repeated(report, round(HOUR_S / report.run.media.duration_s))


def made(findings: Report) -> tuple[bytes, float, float]:
    """The page, and the seconds that the first and the fastest making took."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        content = page_html(findings, lang="en", video=PageVideo("none"))
        times.append(time.perf_counter() - start)
    return content, times[0], min(times)


def opened(page_file: Path) -> tuple[list[float], list[float]]:
    """Milliseconds until the page is ready, and those of a redraw, several times each."""
    program = next((found for found in map(shutil.which, PROGRAMS) if found), None)
    ready, redraw = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(page_file.as_uri())
            page.wait_for_selector("html[data-ready]")
            mark = "performance.getEntriesByName('emoreport-ready')[0].startTime"
            ready.append(page.evaluate(mark))
            redraw.append(page.evaluate(REDRAW))
            page.close()
        browser.close()
    return ready, redraw


def main() -> None:
    """Make the hour's page and open it."""
    findings = hour()
    content, first_s, best_s = made(findings)
    rows = len(findings.analysis.video_intervals)
    with tempfile.TemporaryDirectory() as folder:
        page_file = Path(folder) / "report.html"
        page_file.write_bytes(content)
        ready, redraw = opened(page_file)
    print(f"hour    {len(findings.faces)} frames, {rows} intervals")
    print(f"size    {len(content) / 1e6:.2f} MB")
    print(f"made    {first_s:.2f} s the first time, {best_s:.2f} s at best")
    print(f"ready   {min(ready):.0f} ms at best, {max(ready):.0f} ms at worst of {ROUNDS}")
    print(f"redraw  {min(redraw):.0f} ms at best, {max(redraw):.0f} ms at worst")


if __name__ == "__main__":
    main()
