"""XML from strangers: no document type, hence no entities, nothing external, no expansion."""

from __future__ import annotations

from typing import Final, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from emoreport.exchange.readers.raw import FormatError

MAX_DEPTH: Final = 32
"""Annotation documents nest five deep."""

MAX_ELEMENTS: Final = 4_000_000


def parse_xml(content: bytes) -> Element:
    """Root of an XML document.

    Raises
    ------
    FormatError
        When it is not well formed, declares a document type or is nested beyond `MAX_DEPTH`.
    """
    builder = TreeBuilder()
    depth = elements = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise FormatError("is nested or filled beyond what an annotation file needs")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # Unknown encodings come as LookupError or ValueError.
        raise FormatError(f"is not well-formed XML ({error})") from error
    root: Element = builder.close()
    return root


def _refuse(*_: object) -> NoReturn:
    raise FormatError("declares a document type or entities, which no annotation file needs")
