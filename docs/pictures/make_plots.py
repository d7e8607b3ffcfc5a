"""Make the plots that docs/plots.md shows: ``python docs/pictures/make_plots.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from emoreport.cli.app import run
from emoreport.plots.picture_files import write_plots
from emoreport.run.read import read_report

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "samples" / "talk.mp4"
SHOWN = ("timeline", "transitions")


def main() -> None:
    """Analyse the sample with the shipped models and draw it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = ("--face", "compact", "--speech", "compact", "--offline", "--quiet")
        code = run(["analyze", str(SAMPLE), "--out", str(folder), *models])
        if code:
            raise SystemExit(code)
        plots = folder / "plots"
        write_plots(read_report(folder / SAMPLE.stem), plots, SHOWN, ("png",), "en")
        for kind in SHOWN:
            (HERE / f"plot-{kind}.png").write_bytes((plots / f"{kind}.png").read_bytes())


if __name__ == "__main__":
    main()
