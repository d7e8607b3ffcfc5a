"""Make the picture of the page that the README shows: ``python docs/pictures/make_pictures.py``.

Needs a Chromium on this machine and the extra ``dev``.
"""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from emoreport.cli.app import run

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "samples" / "talk.mp4"
SHOWN_S = 10.0
SIZE_PX = {"width": 1280, "height": 900}
HEIGHT_PX = 1314
"""Down to the end of the tracks."""
COLOURS = 256
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Analyse the sample with the shipped models, open its page, keep what is seen."""
    with tempfile.TemporaryDirectory() as name:
        models = ("--face", "compact", "--speech", "compact", "--offline", "--quiet")
        code = run(["analyze", str(SAMPLE), "--out", name, *models])
        if code:
            raise SystemExit(code)
        seen = photograph(Path(name) / SAMPLE.stem / "report.html")
    picture = Image.open(BytesIO(seen)).convert("RGB").quantize(COLOURS)
    picture.save(HERE / "page.png", optimize=True)


def photograph(page_file: Path) -> bytes:
    """PNG of the page with the video at `SHOWN_S`."""
    program = next((found for found in map(shutil.which, PROGRAMS) if found), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE_PX, color_scheme="light")
        page.goto(page_file.absolute().as_uri())
        page.wait_for_selector("html[data-ready]")
        page.evaluate(
            "(at) => new Promise((done) => { emoreport.seek(at);"
            " document.getElementById('video').addEventListener('seeked', done, { once: true }) })",
            SHOWN_S,
        )
        # The controls of the player fade out, a little after the pointer was last seen.
        page.evaluate("document.getElementById('video').controls = false")
        page.wait_for_timeout(500)
        box = {"x": 0, "y": 0, "width": SIZE_PX["width"], "height": HEIGHT_PX}
        seen = page.screenshot(full_page=True, clip=box)
        browser.close()
    return seen


if __name__ == "__main__":
    main()
