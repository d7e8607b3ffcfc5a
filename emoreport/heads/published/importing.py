"""Turn the file of a published head into a head folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from emoreport.atomic import Staging
from emoreport.errors import OutputError, SettingsError
from emoreport.heads.metadata import GRAPH_FILE, METADATA_FILE, HeadMetadata
from emoreport.heads.published.head import PublishedHead
from emoreport.heads.published.layouts import LAYOUTS, reader_of
from emoreport.models.store.integrity import digest_file

STEPS_HZ: Final = 10.0
"""Answers a second, as heads have that are trained here."""


def import_head(
    file: Path, layout: str, out: Path, *, features: str = "", overwrite: bool = False
) -> PublishedHead:
    """Read a published head and write it as a head folder.

    Parameters
    ----------
    file
        What its authors published.
    layout
        One of `LAYOUTS`.
    out
        The head folder; made if it is not there.
    features
        Which features the head takes, where its file leaves that open.
    overwrite
        Replace a head that is in the folder.

    Raises
    ------
    SettingsError
        When there is no such layout.
    ModelError
        When the file is not of the layout.
    OutputError
        When the folder holds a model already or cannot be written.
    """
    if layout not in LAYOUTS:
        raise SettingsError("published.no_layout", layout=layout, choices=", ".join(LAYOUTS))
    if (out / METADATA_FILE).exists() and not overwrite:
        raise OutputError("published.exists", name=METADATA_FILE, file=out)
    head = reader_of(layout)(file, features)
    source = digest_file(file).sha256
    with Staging(out) as staging:
        staging.put(GRAPH_FILE, head.graph)
        staging.put(METADATA_FILE, _described(head, source))
        staging.commit()
    return head


def _described(head: PublishedHead, source: str) -> bytes:
    """The head's model.json; `source` is the SHA-256 of the authors' file."""
    both = len(head.features) > 1
    metadata = HeadMetadata(
        name=head.name,
        task=head.task,
        labels=head.labels,
        unit=head.unit,
        architecture=head.architecture,
        fusion="early" if both else "none",
        features=head.features,
        rate_hz=STEPS_HZ,
        window_steps=head.window,
        hop_steps=head.hop,
        counted=head.counted,
        # No authors taught their heads what to make of a modality that is missing.
        needs_all=both,
        thresholds=head.thresholds,
        recipe={**head.recipe, "sha256": source},
        licence=head.licence,
        files={GRAPH_FILE: hashlib.sha256(head.graph).hexdigest()},
    )
    return json.dumps(metadata.document(), indent=2, ensure_ascii=False).encode() + b"\n"
