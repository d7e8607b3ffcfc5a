"""Print a page with the browser of this machine: Chromium, Chrome or Edge, without a window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from emoreport.errors import InputNotFoundError, OutputError
from emoreport.messages import Phrase

PROGRAMS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
    "brave-browser",
)
"""Names that a browser may have on the path."""
MAC_APPLICATIONS: Final = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser")
WINDOWS_FILES: Final = (
    r"Google\Chrome\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
    r"Chromium\Application\chrome.exe",
)
WINDOWS_FOLDERS: Final = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
LONGEST_S: Final = 120.0


def print_page(page: bytes, folder: Path, browser: Path | None = None) -> bytes:
    """Print a page.

    Parameters
    ----------
    page
        The page, as `page_html` makes it.
    folder
        Where the browser may read and write for a moment: browsers in a sandbox of their own see
        no temporary folder of the system.
    browser
        The program; None for one that is found.

    Returns
    -------
    The PDF.

    Raises
    ------
    InputNotFoundError
        When `browser` is not there.
    OutputError
        When there is no browser, or it prints nothing.
    """
    program = browser or find_browser()
    if program is None:
        raise OutputError("page.no_printer")
    if not program.is_file():
        raise InputNotFoundError("page.other_browser", file=program)
    with tempfile.TemporaryDirectory(prefix="printing-", dir=folder) as name:
        source, target = Path(name) / "report.html", Path(name) / "report.pdf"
        source.write_bytes(page)
        said = _run(program, source, target, Path(name) / "profile")
        if not target.is_file():
            raise OutputError("page.not_printed", said=said, file=program)
        return target.read_bytes()


def find_browser(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ
) -> Path | None:
    """A browser of this machine that prints without a window; None where there is none."""
    places = [Path(found) for found in map(shutil.which, PROGRAMS) if found]
    if platform == "darwin":
        places += [
            Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in MAC_APPLICATIONS
        ]
    folders = [environment[name] for name in WINDOWS_FOLDERS if name in environment]
    places += [Path(folder) / file for file in WINDOWS_FILES for folder in folders]
    return next((place for place in places if place.is_file()), None)


def _run(program: Path, source: Path, target: Path, profile: Path) -> str:
    """Run the browser; return the last line that it said."""
    call = [
        str(program),
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pdf-header-footer",
        f"--user-data-dir={profile}",
        f"--print-to-pdf={target}",
    ]
    # As root, as in containers, Chromium starts only without its sandbox.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        call.append("--no-sandbox")
    try:
        done = subprocess.run(  # noqa: S603 - a browser that was found or named by the user
            [*call, source.absolute().as_uri()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return str(Phrase("errors.page.no_answer", {"seconds": f"{LONGEST_S:.0f}"}))
    except OSError as error:
        return error.strerror or str(error)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else str(Phrase("errors.page.exit", {"code": done.returncode}))
