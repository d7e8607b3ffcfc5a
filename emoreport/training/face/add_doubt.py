"""Give a finished face model its doubt: distance to its training pictures, limits of the head.

``python -m emoreport.training.face.add_doubt --model FOLDER --data DIR --posed CK.npz --out DIR``
reads graph and metadata in FOLDER, whatever trained them, and writes both with the output
``distance``, the member ``doubt`` and the figures of it. Nothing is chosen on the validation part,
which states the figures; the posed people that were left out set the scale too.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx

from emoreport.analysis.numeric.softmax import softmax
from emoreport.training import selective
from emoreport.training.answers import precisions
from emoreport.training.face.data import (
    EXCLUDED,
    LABELS,
    FerSet,
    joined,
    load_ferplus,
    load_posed,
    split_inner,
)
from emoreport.training.face.doubt import DIRECTIONS, Reader, distances, fit_doubt, with_distance
from emoreport.training.face.model_files import run_graph, store_graph, write_metadata
from emoreport.training.face.package import METADATA_FILE, MODEL_FILE
from emoreport.training.face.turns import head_limits, turned_figures, turned_pictures
from emoreport.vocabulary import FERPLUS_ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from emoreport.training.doubt import Distance

    Pictures = npt.NDArray[np.uint8]

CHOSEN_BY: Final = ("inner_dev", "posed_people_left_out")
REPORTED: Final = ("ferplus_valid", "posed_people_left_out")
PICTURES: Final = "pictures"
"""What the figures count."""
POSED_TIMES: Final = 3
"""How often a posed face counts among the pictures that the distance is fitted on."""
NOISE_PICTURES: Final = 300
SQUARES_PER_FRAME: Final = 4
FRAMES_APART: Final = 20
SMALLEST_SQUARE_PX: Final = 48
FARTHEST_DEG: Final = 75.0
_SEED: Final = 0


def add_doubt(
    folder: Path, parts: Mapping[str, FerSet], strange: Mapping[str, Pictures], out: Path
) -> dict[str, Any]:
    """Fit the doubt of the model in ``folder`` and write the model with it; return its metadata.

    Parameters
    ----------
    folder
        Graph and metadata of a finished model.
    parts
        ``fitted``; those of `CHOSEN_BY`, which set the scale; those of `REPORTED`, which state
        figures. Posed faces may be missing.
    strange
        Pictures that are unlike those of the training, by kind: figures are stated on them.
    """
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    model, temperature = onnx.load(folder / MODEL_FILE), float(metadata["temperature"])
    choose, report = (
        {name: part for name, part in parts.items() if name in names}
        for names in (CHOSEN_BY, REPORTED)
    )
    distance = fit_doubt(model, parts["fitted"], choose, temperature)
    path = out / MODEL_FILE
    metadata["sha256"] = store_graph(with_distance(model, distance), path)

    def answer(images: Pictures) -> npt.NDArray[Any]:
        return run_graph(path, images)

    limits = head_limits(turned_figures(parts["inner_dev"], answer, temperature))
    limit, power = distance.scale_of_limit
    metadata["doubt"] = {
        "distance": {
            "directions": DIRECTIONS,
            "limit": limit,
            "power": power,
            "scale_set_by": {name: len(part.labelled()) for name, part in choose.items()},
        },
        "head": limits,
    }
    reader = Reader(model)
    said = reader.read({name: part.labelled() for name, part in report.items()})
    home = reader.read({"FER+": parts["ferplus_valid"].labelled()})
    metadata["figures"] |= {
        "precision": {"data": ["FER+"], "classes": precisions(home, LABELS)},
        "selective": selective.figures(said, distances(distance, said), temperature, PICTURES),
        "turned_on": "ferplus_valid",
        "turned": turned_figures(parts["ferplus_valid"].labelled(), answer, temperature),
        "strange": {
            kind: strange_figures(reader, distance, images, temperature)
            for kind, images in strange.items()
        },
    }
    write_metadata(out / METADATA_FILE, metadata)
    return dict(metadata)


def strange_figures(
    reader: Reader, distance: Distance, images: Pictures, temperature: float
) -> dict[str, Any]:
    """How many pictures of one kind lie beyond the limit, and what the model calls them."""
    said = reader.read({"": unlabelled(images)})
    found = distances(distance, said)
    plain = softmax(said.logits, temperature)
    label, count = Counter(plain.argmax(axis=1).tolist()).most_common(1)[0]
    return {
        PICTURES: len(images),
        "beyond": round(float(np.mean(found > 1.0)), 3),
        "median_distance": round(float(np.median(found)), 3),
        "confidence": round(float(plain.max(axis=1).mean()), 3),
        "called_most_often": [LABELS[label], round(count / len(images), 3)],
    }


def unlabelled(images: Pictures) -> FerSet:
    """Pictures (N, 48, 48) whose emotion nobody knows."""
    count = len(images)
    return FerSet(
        images,
        np.full((count, len(LABELS)), 1 / len(LABELS), np.float32),
        np.full(count, EXCLUDED, np.int64),
        np.zeros(count, np.float32),
    )


def strange_pictures(data: Path, valid: FerSet, faceless: Sequence[Path]) -> dict[str, Pictures]:
    """Pictures that no training showed, by kind: from the archives, from code, from recordings."""
    rng = np.random.default_rng(_SEED)
    faces = valid.labelled().images
    covered = faces.copy()
    covered[:, : covered.shape[1] // 2] = 0
    kinds = {
        "upside down": faces[:, ::-1],
        "upper half covered": covered,
        f"turned by {FARTHEST_DEG:g}°": turned_pictures(faces, "yaw_deg", FARTHEST_DEG),
        "noise": rng.integers(0, 256, (NOISE_PICTURES, *faces.shape[1:])).astype(np.uint8),
    }
    for name in ("unknown", "not-a-face"):
        kinds[f"called {name} by the annotators"] = np.concatenate(
            [_voted(data / f"ferplus_{part}.npz", name) for part in ("train", "valid")]
        )
    if faceless:
        kinds["squares of recordings without a face"] = np.stack(
            [square for path in faceless for square in _squares(path, rng)]
        )
    return kinds


def _voted(archive: Path, name: str) -> Pictures:
    with np.load(archive) as arrays:
        chosen = arrays["votes"].argmax(axis=1) == FERPLUS_ORDER.index(name)
        return np.asarray(arrays["images"][chosen], np.uint8)


def _squares(path: Path, rng: np.random.Generator) -> list[Pictures]:
    """Grey squares (48, 48) of any size and place out of every so many frames."""
    import cv2

    from emoreport.media import open_video

    squares = []
    with open_video(path) as source:
        for index, frame in enumerate(source):
            if index % FRAMES_APART:
                continue
            grey = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)
            height, width = grey.shape
            for _ in range(SQUARES_PER_FRAME):
                side = int(rng.integers(SMALLEST_SQUARE_PX, max(height, width) // 2))
                side = min(side, height, width)
                top, left = (int(rng.integers(0, room - side + 1)) for room in (height, width))
                square = grey[top : top + side, left : left + side]
                small = cv2.resize(square, (SMALLEST_SQUARE_PX,) * 2, interpolation=cv2.INTER_AREA)
                squares.append(np.asarray(small, np.uint8))
    return squares


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emoreport.training.face.add_doubt", description=__doc__
    )
    parser.add_argument("--model", type=Path, required=True, help="folder of the finished model")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of ferplus_train.npz, ferplus_valid.npz"
    )
    parser.add_argument("--posed", type=Path, help="posed faces, those of a fifth not fitted")
    parser.add_argument("--fifth", type=int, default=0, help="which fifth, as in the training")
    parser.add_argument(
        "--faceless", type=Path, nargs="*", default=(), help="recordings that show no face"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the two files")
    parser.add_argument(
        "--seed", type=int, default=20, help="of the split into fitted and held out"
    )
    parser.add_argument("--dev-size", type=int, default=2400, help="pictures held out")
    options = parser.parse_args(arguments)
    whole = load_ferplus(options.data / "ferplus_train.npz")
    fitted, dev = split_inner(whole, options.dev_size, options.seed)
    valid = load_ferplus(options.data / "ferplus_valid.npz")
    parts = {"fitted": fitted, "inner_dev": dev, "ferplus_valid": valid}
    if options.posed is not None:
        posed, left_out = load_posed(options.posed, options.fifth)
        for _ in range(POSED_TIMES):  # a strong expression is no strange picture
            parts["fitted"] = joined(parts["fitted"], posed)
        parts["posed_people_left_out"] = left_out
    options.out.mkdir(parents=True, exist_ok=True)
    strange = strange_pictures(options.data, valid, options.faceless)
    metadata = add_doubt(options.model, parts, strange, options.out)
    names = ("precision", "selective", "turned", "strange")
    told = {name: metadata["figures"][name] for name in names}
    print(json.dumps({"doubt": metadata["doubt"], "figures": told}, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
