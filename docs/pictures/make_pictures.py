"""Make the pictures of README and docs: ``python docs/pictures/make_pictures.py``.

The sample is analysed with the shipped models; its page is photographed, its plots are drawn. Needs
a Chromium on this machine and the extra ``dev``. ``made_from.json`` keeps a digest of what each
picture shows; a test compares it with today's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from emoreport.cli.app import run
from emoreport.plots.picture_files import write_plots
from emoreport.run.read import read_report

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
SAMPLE: Final = ROOT / "samples" / "talk.mp4"
MADE_FROM: Final = HERE / "made_from.json"

PAGES: Final = {"en": "page.png", "ru": "page.ru.png"}
PLOTS: Final = {kind: f"plot-{kind}.png" for kind in ("timeline", "transitions")}
SHOWN_IN: Final = {
    **{name: ("page", lang) for lang, name in PAGES.items()},
    **dict.fromkeys(PLOTS.values(), ("plots", "en")),
}
"""Which room draws each picture, and in which language."""
DRAWN: Final = {"page": (".css", ".js", ".jinja"), "plots": (".py",)}
"""Files of a room that draw."""
WORDS: Final = {"page": ("finding", "page"), "plots": ("finding", "plots")}
"""Catalogues whose words are seen."""

SHOWN_S: Final = 10.0
SIZE_PX: Final = {"width": 1280, "height": 900}
COLOURS: Final = 256
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Analyse the sample in each language, keep the pictures, and note what they were made from."""
    for lang, name in PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            models = ("--face", "compact", "--speech", "compact", "--offline", "--quiet")
            code = run(["analyze", str(SAMPLE), "--out", folder, "--lang", lang, *models])
            if code:
                raise SystemExit(code)
            results = Path(folder) / SAMPLE.stem
            seen = Image.open(BytesIO(photograph(results / "report.html"))).convert("RGB")
            seen.quantize(COLOURS).save(HERE / name, optimize=True)
            if lang == "en":
                draw(results)
    digests = {name: digest(name) for name in SHOWN_IN}
    MADE_FROM.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def digest(name: str) -> str:
    """Digest of what a picture shows: the sample, the weights, what draws it, its words."""
    room, lang = SHOWN_IN[name]
    package = ROOT / "emoreport"
    files = [
        SAMPLE,
        *sorted((package / "weights").glob("*.onnx")),
        *sorted(path for path in (package / room).rglob("*") if path.suffix in DRAWN[room]),
        *(package / "messages" / lang / f"{words}.toml" for words in WORDS[room]),
    ]
    return hashlib.sha256(
        b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files)
    ).hexdigest()


def draw(results: Path) -> None:
    """Plots of a run."""
    plots = results / "plots"
    write_plots(read_report(results), plots, tuple(PLOTS), ("png",), "en")
    for kind, name in PLOTS.items():
        (HERE / name).write_bytes((plots / f"{kind}.png").read_bytes())


def photograph(page_file: Path) -> bytes:
    """PNG of the first screen of the page, with the video at `SHOWN_S`."""
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
        page.wait_for_timeout(500)
        seen = page.screenshot()
        browser.close()
    return seen


if __name__ == "__main__":
    main()
