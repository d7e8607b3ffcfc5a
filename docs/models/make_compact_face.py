"""Fill the tables of docs/models/compact-face.md from the weights' figures and from measurements.

python docs/models/make_compact_face.py
python docs/models/make_compact_face.py --data DATA --before FOLDER   (measure again, minutes)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

import emoreport
from emoreport.training import selective
from emoreport.training.answers import precision_markdown
from emoreport.training.card import filled, rounded, table
from emoreport.vocabulary import EMOTIONS

CARD: Final = Path(__file__).with_name("compact-face.md")
MEASURED: Final = Path(__file__).with_name("compact-face.measured.json")
"""What `emoreport evaluate face --conditions --json` printed, by version of the model and set."""
METADATA: Final = Path(emoreport.__file__).parent / "weights" / "face_compact.json"
ROOT: Final = CARD.parents[2]
SETS: Final = {"ferplus": "FER+", "posed": "CK+", "frames": "frames"}
KEYS: Final = ("accuracy", "macro_recall", "calibration_error")

Document = Mapping[str, Any]


def three(value: float | None) -> str:
    """Three decimals, or nothing."""
    return rounded(value, 3)


def two(value: float | None) -> str:
    """Two decimals, or nothing."""
    return rounded(value, 2)


def parts(metadata: Document, _: Document) -> str:
    """What the training itself states."""
    names = {
        "inner_dev": "inner development (part of the training archive, not fitted)",
        "ferplus_valid": "FER+ validation",
        "posed_people_left_out": "CK+, people left out",
        "posed_people_left_out_by_turns": "CK+, everybody, each judged by a net without them",
    }
    keys = ("accuracy", "macro_recall", "ece")
    rows = [
        [told, f"{found['count']:,}", *(three(found[key]) for key in keys)]
        for name, told in names.items()
        for found in [metadata["figures"][name]]
    ]
    return table(["part", "pictures", "accuracy", "macro recall", "ECE"], rows)


def recalls(metadata: Document, _: Document) -> str:
    """Recall of every class."""
    figures = metadata["figures"]
    columns = {
        "inner development": "inner_dev",
        "FER+ validation": "ferplus_valid",
        "CK+ by turns": "posed_people_left_out_by_turns",
    }
    rows = [
        [label, *(two(figures[name]["recall"].get(label)) for name in columns.values())]
        for label in EMOTIONS
    ]
    return table(["recall", *columns], rows)


def versions(metadata: Document, measured: Document) -> str:
    """Three sets, every version beside the others."""
    names = [name for name in measured if name != metadata["version"]] + [metadata["version"]]
    head = [""] + [f"{told}: {name}" for told in SETS.values() for name in names]
    rows = []
    for key, told in zip(KEYS, ("accuracy", "macro recall", "ECE"), strict=True):
        rows.append([told, *(three(measured[name][part][key]) for part in SETS for name in names)])
    for label in EMOTIONS:
        cells = (measured[name][part]["recall"].get(label) for part in SETS for name in names)
        rows.append([label, *map(two, cells)])
    return table(head, rows)


def conditions(metadata: Document, measured: Document) -> str:
    """The same faces under one condition at a time, the shipped version."""
    now = measured[metadata["version"]]
    rows = [
        [
            name.replace("_", " "),
            *(three(now[part]["conditions"][name][key]) for part in SETS for key in KEYS),
        ]
        for name in now["ferplus"]["conditions"]
    ]
    head = ["condition"]
    for told in SETS.values():
        head += [f"{told}: accuracy", "macro recall", "ECE"]
    return table(head, rows)


def mistakes(metadata: Document, measured: Document) -> str:
    """Frames that the shipped version calls otherwise than a person did."""
    rows = [
        [
            row["video"],
            f"{row['time_s']:.2f}",
            row["emotion"],
            row["answer"],
            two(row["confidence"]),
        ]
        for row in measured[metadata["version"]]["frames"]["mistakes"]
    ]
    return table(["clip", "second", "a person sees", "the model says", "confidence"], rows)


def speed(metadata: Document, _: Document) -> str:
    """Processor time of a face."""
    times = metadata["figures"]["processor_ms_per_face_batch_16"]
    told = (f"{time:.2f} ms a face on {name[0]} thread(s)" for name, time in times.items())
    return ", ".join(told) + "."


def doubt(metadata: Document, _: Document) -> str:
    """Limits and what they were set by."""
    limits = metadata["doubt"]
    distance, head = limits["distance"], limits["head"]
    counts = distance["scale_set_by"].items()
    set_by = " and ".join(f"{count:,} of {name}" for name, count in counts)
    rows = [
        ["distance, in units of its scale", f"{distance['limit']:.2f}", set_by],
        ["power of the distance in the temperature", f"{distance['power']:.1f}", set_by],
        ["yaw", f"{head['yaw_deg']:.0f}°", "inner_dev"],
        ["pitch", f"{head['pitch_deg']:.0f}°", "inner_dev"],
    ]
    return table(["limit", "value", "pictures it was set by"], rows)


def strange(metadata: Document, _: Document) -> str:
    """What is unlike the training, by kind."""
    rows = []
    for kind, row in metadata["figures"]["strange"].items():
        label, share = row["called_most_often"]
        cells = [f"{row['pictures']:,}", two(row["beyond"]), two(row["confidence"])]
        rows.append([kind, *cells, f"{label} ({share:.0%})"])
    head = ["pictures", "count", "beyond the limit", "mean top probability before tempering"]
    return table([*head, "called most often"], rows)


def turned(metadata: Document, _: Document) -> str:
    """Accuracy and macro recall of turned heads."""
    rows = []
    for axis, turns in metadata["figures"]["turned"].items():
        for turn, row in turns.items():
            name = axis.removesuffix("_deg")
            cells = (three(row[key]) for key in ("accuracy", "macro_recall", "ece"))
            rows.append([f"{name} {turn}°", *cells])
    return table(["turn", "accuracy", "macro recall", "ECE"], rows)


TABLES: Final[Mapping[str, Callable[[Document, Document], str]]] = {
    "parts": parts,
    "recalls": recalls,
    "versions": versions,
    "conditions": conditions,
    "mistakes": mistakes,
    "speed": speed,
    "doubt": doubt,
    "precision": lambda found, _: precision_markdown(found["figures"]["precision"]["classes"]),
    "selective": lambda found, _: selective.markdown(found["figures"]["selective"], "pictures"),
    "strange": strange,
    "turned": turned,
}


def page() -> str:
    """The card with its tables as the figures have them.

    Raises
    ------
    ValueError
        When the card lacks a place for a table, or other weights were measured.
    """
    metadata = json.loads(METADATA.read_text(encoding="utf-8"))
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    if measured["sha256"] != metadata["sha256"]:
        raise ValueError(f"{MEASURED.name}: other weights were measured, run with --data")
    made = {name: write(metadata, measured["versions"]) for name, write in TABLES.items()}
    return filled(CARD, made)


def evaluated(model: str, data: Path, sets: Sequence[str]) -> dict[str, Any]:
    """What a model scores on the sets; of the posed faces, on people that were left out."""
    with tempfile.TemporaryDirectory() as folder:
        posed = Path(folder) / "posed.npz"
        with np.load(data / "fer" / "ck48_dev.npz") as archive:
            left_out = np.isin(archive["subjects"], np.unique(archive["subjects"])[::5])
            np.savez(posed, images=archive["images"][left_out], labels=archive["labels"][left_out])
        frames = ROOT / "benchmarks" / "face_frames.csv"
        videos = ["--videos", str(data / "videos"), "--videos", str(ROOT / "samples")]
        arguments = {
            "ferplus": [str(data / "fer" / "ferplus_valid.npz")],
            "posed": [str(posed)],
            "frames": [str(frames), *videos],
        }
        return {part: _evaluate([*arguments[part], "--face", model]) for part in sets}


def _evaluate(arguments: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "emoreport", "evaluate", "face", *arguments]
    done = subprocess.run(
        [*command, "--conditions", "--json", "--offline"], capture_output=True, check=True
    )
    document = json.loads(done.stdout)
    kept = (*KEYS, "items", "recall", "confusion", "conditions", "mistakes")
    return {key: document[key] for key in kept}


def main() -> None:
    """Write the card, after measuring where data are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with fer/ and videos/")
    parser.add_argument("--before", type=Path, nargs="*", default=[], help="earlier model folders")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS, help="only these")
    options = parser.parse_args()
    if options.data is not None:
        metadata = json.loads(METADATA.read_text(encoding="utf-8"))
        models = {
            json.loads((folder / "model.json").read_text(encoding="utf-8"))["version"]: str(folder)
            for folder in options.before
        }
        models[metadata["version"]] = "compact"
        kept = json.loads(MEASURED.read_text(encoding="utf-8"))["versions"]
        found = {
            version: {**kept.get(version, {}), **evaluated(model, options.data, options.sets)}
            for version, model in models.items()
        }
        document = {"sha256": metadata["sha256"], "versions": found}
        MEASURED.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    CARD.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
