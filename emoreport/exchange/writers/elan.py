"""Write ELAN annotation files (.eaf), format 3.0.

Elements come in the order that the schema asks for: HEADER, TIME_ORDER, TIER, LINGUISTIC_TYPE,
LANGUAGE, CONTROLLED_VOCABULARY. Every annotation has two time slots of its own, as ELAN writes
them: neighbours share a time, never a slot, so that one bound can be moved alone.

Paths of media are written as ELAN reads them, without percent-encoding.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final
from xml.etree import ElementTree as ET

from emoreport.exchange.writers import Files, Media
from emoreport.exchange.writers.tiers import (
    FACE,
    OWN_VOICE,
    TEXT_EMOTION,
    VOICE,
    Cell,
    Tier,
    judged_tiers,
    shown_label,
    text_model,
    tier_labels,
    tiers_with_words,
)
from emoreport.results import ACTIONS, Findings

FORMAT_VERSION: Final = "3.0"
SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

LANGUAGE: Final = {
    "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001",
    "LANG_ID": "und",
    "LANG_LABEL": "undetermined (und)",
}
"""What ELAN itself writes for a vocabulary in one language."""

MODALITIES: Final = {
    FACE: FACE,
    VOICE: VOICE,
    OWN_VOICE: VOICE,
    TEXT_EMOTION: TEXT_EMOTION,
}
"""Whose labels the annotations of a tier are."""
VOCABULARIES: Final = {
    FACE: "face_emotion",
    VOICE: "voice_emotion",
    TEXT_EMOTION: "text_emotion",
}
"""Name of the vocabulary, and of the type of tier, by modality; the text's where there is one."""
PLAIN_TYPE: Final = "remark"

_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, half surrogate pairs included."""


def elan_files(findings: Findings, media: Media, lang: str) -> Files:
    """One ELAN document.

    Parameters
    ----------
    findings
        One talk.
    media
        The video.
    lang
        ``en``: annotations hold the labels of the tables; else their names in this language.
    """
    tiers = tiers_with_words(findings)
    values = {label: _value(label, lang) for label in _all_labels(findings)}
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": xml_text(f"emoreport {findings.run.program_version}"),
            "DATE": xml_text(findings.run.created or "1970-01-01T00:00:00+00:00"),
            "FORMAT": FORMAT_VERSION,
            "VERSION": FORMAT_VERSION,
            "xmlns:xsi": XSI,
            "xsi:noNamespaceSchemaLocation": SCHEMA,
        },
    )
    _add_header(root, findings, media, tiers)
    slots = iter(_add_slots(root, tiers))
    numbers = count(1)
    for tier in tiers:
        _add_tier(root, tier, slots, numbers, values, findings)
    modalities = dict.fromkeys(MODALITIES[tier] for tier in judged_tiers(findings))
    _add_types(root, [VOCABULARIES[modality] for modality in modalities])
    ET.SubElement(root, "LANGUAGE", LANGUAGE)
    for modality in modalities:
        _add_vocabulary(root, modality, tier_labels(modality, findings), values)
    ET.indent(root, "    ")
    content: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return {".eaf": content + b"\n"}


def xml_text(text: str) -> str:
    """Text with every character that XML cannot hold replaced by U+FFFD."""
    return _ILLEGAL.sub("\ufffd", text)


def _value(label: str, lang: str) -> str:
    return xml_text(shown_label(label, lang))


def _all_labels(findings: Findings) -> tuple[str, ...]:
    tiers = judged_tiers(findings)
    labels = (label for tier in tiers for label in tier_labels(tier, findings))
    return tuple(dict.fromkeys((*labels, *ACTIONS)))


def _add_header(root: ET.Element, findings: Findings, media: Media, tiers: Sequence[Tier]) -> None:
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    absolute = re.match(r"/|[A-Za-z]:/", media.path) is not None
    described = {
        # Only the name, where the relative path says the rest: a shared file must not tell how
        # somebody's disk is laid out.
        "MEDIA_URL": "file:///" + (media.path.lstrip("/") if absolute else media.name),
        "MIME_TYPE": media.mime,
    }
    if not absolute:
        dotted = media.path if media.path.startswith("../") else f"./{media.path}"
        described["RELATIVE_MEDIA_URL"] = dotted
    ET.SubElement(
        header, "MEDIA_DESCRIPTOR", {key: xml_text(text) for key, text in described.items()}
    )
    run = findings.run
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{run.input.sha256} {run.created}")
    for name, text in (
        ("URN", f"urn:nl-mpi-tools-elan-eaf:{identity}"),
        ("lastUsedAnnotationId", str(sum(len(tier.cells) for tier in tiers))),
    ):
        ET.SubElement(header, "PROPERTY", {"NAME": name}).text = text


def _add_slots(root: ET.Element, tiers: Sequence[Tier]) -> list[str]:
    """Add two slots per annotation, numbered in order of time; return their ids by annotation."""
    times_ms = [
        time_ms for tier in tiers for cell in tier.cells for time_ms in (cell.start_ms, cell.end_ms)
    ]
    order = sorted(range(len(times_ms)), key=times_ms.__getitem__)
    slots = ET.SubElement(root, "TIME_ORDER")
    ids = [""] * len(times_ms)
    for number, index in enumerate(order, start=1):
        ids[index] = f"ts{number}"
        ET.SubElement(
            slots, "TIME_SLOT", {"TIME_SLOT_ID": ids[index], "TIME_VALUE": str(times_ms[index])}
        )
    return ids


def _add_tier(
    root: ET.Element,
    tier: Tier,
    slots: Iterator[str],
    numbers: Iterator[int],
    values: dict[str, str],
    findings: Findings,
) -> None:
    modality = MODALITIES.get(tier.name)
    tier_attributes = {
        "LINGUISTIC_TYPE_REF": PLAIN_TYPE if modality is None else VOCABULARIES[modality],
        "TIER_ID": tier.name,
        "ANNOTATOR": xml_text(_annotator(tier.name, findings)),
    }
    if modality is not None:
        tier_attributes["LANG_REF"] = LANGUAGE["LANG_ID"]
    element = ET.SubElement(root, "TIER", tier_attributes)
    entries = {} if modality is None else _entry_ids(modality, findings)
    for cell in tier.cells:
        attributes = {
            "ANNOTATION_ID": f"a{next(numbers)}",
            "TIME_SLOT_REF1": next(slots),
            "TIME_SLOT_REF2": next(slots),
        }
        if modality is not None:
            attributes["CVE_REF"] = entries[cell.label]
        annotation = ET.SubElement(element, "ANNOTATION")
        aligned = ET.SubElement(annotation, "ALIGNABLE_ANNOTATION", attributes)
        ET.SubElement(aligned, "ANNOTATION_VALUE").text = _annotation(cell, values)


def _annotation(cell: Cell, values: dict[str, str]) -> str:
    if cell.is_spoken:
        return xml_text(cell.label)
    if cell.voice_label is None:
        return values.get(cell.label, xml_text(cell.label))
    severity = "" if cell.value is None else f" ({cell.value:.2f})"
    return f"{values[cell.label]} / {values[cell.voice_label]}{severity}"


def _annotator(tier: str, findings: Findings) -> str:
    """Whose labels these are: the model's, or those of a coding that replaced them."""
    if tier == TEXT_EMOTION:
        return text_model(findings)
    role = {FACE: "face_model", VOICE: "speech_model"}.get(MODALITIES.get(tier, ""))
    return "emoreport" if role is None else str(getattr(findings.analysis.summary, role))


def _entry_ids(modality: str, findings: Findings) -> dict[str, str]:
    labels = tier_labels(modality, findings)
    return {label: _entry_id(modality, label, index) for index, label in enumerate(labels)}


def _entry_id(modality: str, label: str, index: int) -> str:
    # Ids are made of what every reader takes for a name; a foreign model's label may hold more.
    plain = re.sub(r"[^A-Za-z0-9_]", "", label)
    return f"cveid_{modality}_{plain}_{index}"


def _add_types(root: ET.Element, vocabularies: Sequence[str]) -> None:
    for name in vocabularies:
        ET.SubElement(
            root,
            "LINGUISTIC_TYPE",
            {
                "CONTROLLED_VOCABULARY_REF": name,
                "GRAPHIC_REFERENCES": "false",
                "LINGUISTIC_TYPE_ID": name,
                "TIME_ALIGNABLE": "true",
            },
        )
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        {
            "GRAPHIC_REFERENCES": "false",
            "LINGUISTIC_TYPE_ID": PLAIN_TYPE,
            "TIME_ALIGNABLE": "true",
        },
    )


def _add_vocabulary(
    root: ET.Element, modality: str, labels: Sequence[str], values: dict[str, str]
) -> None:
    vocabulary = ET.SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": VOCABULARIES[modality]})
    ET.SubElement(
        vocabulary, "DESCRIPTION", {"LANG_REF": LANGUAGE["LANG_ID"]}
    ).text = f"labels of the {modality}"
    for index, label in enumerate(labels):
        element = ET.SubElement(
            vocabulary, "CV_ENTRY_ML", {"CVE_ID": _entry_id(modality, label, index)}
        )
        ET.SubElement(
            element,
            "CVE_VALUE",
            {"DESCRIPTION": xml_text(label), "LANG_REF": LANGUAGE["LANG_ID"]},
        ).text = values[label]
