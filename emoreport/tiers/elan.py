"""Read the tiers of an ELAN file (.eaf, formats 2.7 to 3.0)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from emoreport.messages import Phrase
from emoreport.tiers.raw import (
    MAX_ANNOTATIONS,
    FormatError,
    RawSpan,
    RawTier,
    checked_span,
    raw_tier,
    same_file_name,
)

ROOT: Final = "ANNOTATION_DOCUMENT"
ALIGNED: Final = "ALIGNABLE_ANNOTATION"
REFERRING: Final = "REF_ANNOTATION"
MAX_STEPS: Final = 32
"""Tiers hang on tiers; nobody goes deeper."""

MAX_DEPTH: Final = 32
"""Annotation documents nest five deep."""

MAX_ELEMENTS: Final = 4_000_000

MAX_IDS: Final = 2 * MAX_ANNOTATIONS
"""An annotation has two time slots."""

TIME: Final = re.compile(r"[-+]?\d{1,15}(?:\.\d*)?")


def read_eaf(content: bytes, video: str | None) -> list[RawTier]:
    """Every tier, with the times of its annotations; what is wrong with one is its own flaw.

    An annotation that refers to another one (symbolic association) has the times of that one.

    Parameters
    ----------
    content
        The file.
    video
        Name of the recording that was analysed; None if it is not known.

    Raises
    ------
    FormatError
        When it is no ELAN file, counts time in another unit, or shifts the recording against the
        annotations.
    """
    root = _parse(content)
    if root.tag != ROOT:
        raise FormatError("coding.not_elan", tag=root.tag[:40])
    header = root.find("HEADER")
    if header is not None:
        _check_header(header, video)
    slots = _by_id(root.iterfind("TIME_ORDER/TIME_SLOT"), "TIME_SLOT_ID")
    annotations = _by_id(root.iterfind("TIER/ANNOTATION/*"), "ANNOTATION_ID")
    names = [(tier, tier.get("TIER_ID", "")) for tier in root.iterfind("TIER")]
    return [raw_tier(name, _spans(tier, name, annotations, slots)) for tier, name in names]


class _BoundedTree(TreeBuilder):
    """Builds the tree of a document that is neither deep nor vast."""

    depth = elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise FormatError("coding.too_deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def _parse(content: bytes) -> Element:
    """Root of XML from a stranger, which may declare neither a document type nor entities."""
    parser = DefusedXMLParser(target=_BoundedTree(), forbid_dtd=True)
    try:
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise FormatError("coding.entities") from error
    except (ParseError, LookupError, ValueError) as error:
        # Unknown encodings come as LookupError or ValueError.
        raise FormatError("coding.not_xml", error=error) from error
    return root


def _check_header(header: Element, video: str | None) -> None:
    unit = header.get("TIME_UNITS", "milliseconds")
    if unit != "milliseconds":
        raise FormatError("coding.unit", unit=unit[:40])
    for media in _recordings(header.findall("MEDIA_DESCRIPTOR"), video):
        origin = media.get("TIME_ORIGIN", "0")
        if origin.strip().strip("0.+-"):
            raise FormatError("coding.origin", origin=origin[:20])


def _recordings(media: list[Element], video: str | None) -> list[Element]:
    """Those of the linked media that may be the recording: by name, else by kind, else all."""
    paths = ("MEDIA_URL", "RELATIVE_MEDIA_URL")
    named = [
        medium
        for medium in media
        if any(same_file_name(unquote(medium.get(path, "")), video) for path in paths)
    ]
    videos = [medium for medium in media if medium.get("MIME_TYPE", "").startswith("video/")]
    return named or videos or media


def _by_id(elements: Iterable[Element], attribute: str) -> dict[str, Element | None]:
    """Elements by the value of an attribute; None where several have the same."""
    by_id: dict[str, Element | None] = {}
    for count, element in enumerate(elements):
        if count >= MAX_IDS:
            raise FormatError("coding.too_many_ids", limit=MAX_IDS)
        name = element.get(attribute, "")
        by_id[name] = None if name in by_id else element
    return by_id


def _spans(
    tier: Element,
    name: str,
    annotations: Mapping[str, Element | None],
    slots: Mapping[str, Element | None],
) -> Iterator[RawSpan]:
    ids: set[str] = set()
    for annotation in tier.iterfind("ANNOTATION/*"):
        own_id = annotation.get("ANNOTATION_ID", "")
        values = {"id": own_id[:40], "tier": name[:80]}
        location = Phrase("errors.coding.place.annotation", values)
        if annotation.tag not in {ALIGNED, REFERRING}:
            raise FormatError("coding.annotation_kind", location=location, tag=annotation.tag[:40])
        if own_id in ids:
            raise FormatError("coding.same_id", tier=name[:80], id=own_id[:40])
        ids.add(own_id)
        aligned = _aligned(annotation, annotations, location)
        first, last = (
            _slot_ms(slots, aligned.get(key, ""), location)
            for key in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")
        )
        yield checked_span(first, last, annotation.findtext("ANNOTATION_VALUE") or "", location)


def _slot_ms(slots: Mapping[str, Element | None], name: str, location: Phrase) -> int:
    """Time of a slot; some programs write milliseconds with decimals."""
    slot = slots.get(name)
    if slot is None and name in slots:
        raise FormatError("coding.two_slots", location=location, slot=name[:40])
    value = None if slot is None else slot.get("TIME_VALUE")
    if value is None:
        raise FormatError("coding.subdivision", location=location)
    if not TIME.fullmatch(value.strip()):
        raise FormatError("coding.no_time", slot=name[:40], value=value[:40])
    return round(float(value))


def _aligned(
    annotation: Element, annotations: Mapping[str, Element | None], location: Phrase
) -> Element:
    """The annotation with times that this one is or hangs on."""
    for _ in range(MAX_STEPS):
        if annotation.tag == ALIGNED:
            return annotation
        if annotation.get("PREVIOUS_ANNOTATION"):
            raise FormatError("coding.subdivision", location=location)
        name = annotation.get("ANNOTATION_REF", "")
        parent = annotations.get(name)
        if parent is None:
            key = "parent_twice" if name in annotations else "no_parent"
            raise FormatError(f"coding.{key}", location=location)
        annotation = parent
    raise FormatError("coding.endless", location=location)
