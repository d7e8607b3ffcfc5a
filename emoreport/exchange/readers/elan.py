"""Tiers of an ELAN file (.eaf, formats 2.7 to 3.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from emoreport.exchange.readers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
)
from emoreport.exchange.readers.xml_safe import parse_xml

ROOT: Final = "ANNOTATION_DOCUMENT"
ALIGNED: Final = "ALIGNABLE_ANNOTATION"
REFERRING: Final = "REF_ANNOTATION"
MAX_STEPS: Final = 32
"""Tiers hang on tiers; nobody goes deeper."""


def read_eaf(content: bytes) -> list[RawTier]:
    """Every tier, with the times of its annotations.

    An annotation that refers to another one (symbolic association) has the times of that one.

    Raises
    ------
    FormatError
        When it is no ELAN file, counts time in another unit, shifts its media against the
        annotations, or holds annotations that have no times of their own.
    """
    root = parse_xml(content)
    if root.tag != ROOT:
        raise FormatError(f"is XML, but no ELAN file: its root is {root.tag[:40]!r}")
    header = root.find("HEADER")
    if header is not None:
        _check_header(header)
    slots = _slots(root)
    annotations = _annotations(root)
    tiers = []
    for tier in root.iterfind("TIER"):
        name = tier.get("TIER_ID", "")
        spans = tuple(_spans(tier, name, annotations, slots))
        tiers.append(RawTier(name, spans))
    return tiers


def _check_header(header: Element) -> None:
    unit = header.get("TIME_UNITS", "milliseconds")
    if unit != "milliseconds":
        raise FormatError(f"counts time in {unit[:40]!r}, not in milliseconds")
    for media in header.iterfind("MEDIA_DESCRIPTOR"):
        origin = media.get("TIME_ORIGIN", "0")
        if origin.strip() not in {"", "0"}:
            raise FormatError(
                f"shifts its media by {origin[:20]} ms against the annotations"
                " (media synchronisation of ELAN); its times are not those of the video"
            )


def _slots(root: Element) -> dict[str, int | None]:
    slots: dict[str, int | None] = {}
    for slot in root.iterfind("TIME_ORDER/TIME_SLOT"):
        name, value = slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")
        try:
            slots[name] = None if value is None else int(value)
        except ValueError as error:
            raise FormatError(f"time slot {name[:40]!r} holds {value!r}, no time") from error
    return slots


def _annotations(root: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for annotation in root.iterfind("TIER/ANNOTATION/*"):
        if annotation.tag not in {ALIGNED, REFERRING}:
            raise FormatError(f"holds an annotation of the unknown kind {annotation.tag[:40]!r}")
        name = annotation.get("ANNOTATION_ID", "")
        if name in found:
            raise FormatError(f"holds two annotations with the id {name[:40]!r}")
        found[name] = annotation
        if len(found) > MAX_ANNOTATIONS:
            raise FormatError(f"holds more than {MAX_ANNOTATIONS} annotations")
    return found


def _spans(
    tier: Element,
    name: str,
    annotations: Mapping[str, Element],
    slots: Mapping[str, int | None],
) -> Iterator[RawSpan]:
    for annotation in tier.iterfind("ANNOTATION/*"):
        place = f"annotation {annotation.get('ANNOTATION_ID', '')[:40]!r} of tier {name[:80]!r}"
        aligned = _aligned(annotation, annotations, place)
        times = [slots.get(aligned.get(key, "")) for key in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
        first, last = times
        if first is None or last is None:
            raise FormatError(
                f"{place} has no times of its own (a subdivision); code on a tier that has"
            )
        yield checked_span(first, last, annotation.findtext("ANNOTATION_VALUE") or "", place)


def _aligned(annotation: Element, annotations: Mapping[str, Element], place: str) -> Element:
    """The annotation with times that this one is or hangs on."""
    for _ in range(MAX_STEPS):
        if annotation.tag == ALIGNED:
            return annotation
        if annotation.get("PREVIOUS_ANNOTATION"):
            raise FormatError(
                f"{place} has no times of its own (a subdivision); code on a tier that has"
            )
        parent = annotations.get(annotation.get("ANNOTATION_REF", ""))
        if parent is None:
            raise FormatError(f"{place} refers to an annotation that is not there")
        annotation = parent
    raise FormatError(f"{place} refers to others without end")
