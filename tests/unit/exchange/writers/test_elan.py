"""ELAN files: the rules of the schema, and what another reader makes of them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pympi
import pytest
from hypothesis import given

from emoreport.exchange.writers import Media
from emoreport.exchange.writers.elan import elan_files, xml_text
from emoreport.exchange.writers.tiers import TIERS, tiers_of
from tests.fixtures.findings import any_findings, findings, made_findings

CHILDREN = {
    "ANNOTATION_DOCUMENT": (
        "LICENSE",
        "HEADER",
        "TIME_ORDER",
        "TIER",
        "LINGUISTIC_TYPE",
        "LOCALE",
        "LANGUAGE",
        "CONSTRAINT",
        "CONTROLLED_VOCABULARY",
        "LEXICON_REF",
        "REF_LINK_SET",
        "EXTERNAL_REF",
    ),
    "HEADER": ("MEDIA_DESCRIPTOR", "LINKED_FILE_DESCRIPTOR", "PROPERTY"),
    "TIME_ORDER": ("TIME_SLOT",),
    "TIER": ("ANNOTATION",),
    "ANNOTATION": ("ALIGNABLE_ANNOTATION",),
    "ALIGNABLE_ANNOTATION": ("ANNOTATION_VALUE",),
    "CONTROLLED_VOCABULARY": ("DESCRIPTION", "CV_ENTRY_ML"),
    "CV_ENTRY_ML": ("CVE_VALUE",),
}
"""Elements in the order of the schema of format 3.0; those not listed hold text or nothing."""

ATTRIBUTES = {
    "ANNOTATION_DOCUMENT": ("AUTHOR DATE VERSION", "FORMAT"),
    "HEADER": ("", "MEDIA_FILE TIME_UNITS"),
    "MEDIA_DESCRIPTOR": ("MEDIA_URL MIME_TYPE", "RELATIVE_MEDIA_URL TIME_ORIGIN EXTRACTED_FROM"),
    "PROPERTY": ("", "NAME"),
    "TIME_ORDER": ("", ""),
    "TIME_SLOT": ("TIME_SLOT_ID", "TIME_VALUE"),
    "TIER": (
        "TIER_ID LINGUISTIC_TYPE_REF",
        "PARTICIPANT ANNOTATOR DEFAULT_LOCALE PARENT_REF EXT_REF LANG_REF",
    ),
    "ANNOTATION": ("", ""),
    "ALIGNABLE_ANNOTATION": (
        "ANNOTATION_ID TIME_SLOT_REF1 TIME_SLOT_REF2",
        "SVG_REF EXT_REF LANG_REF CVE_REF",
    ),
    "ANNOTATION_VALUE": ("", ""),
    "LINGUISTIC_TYPE": (
        "LINGUISTIC_TYPE_ID",
        (
            "TIME_ALIGNABLE CONSTRAINTS GRAPHIC_REFERENCES CONTROLLED_VOCABULARY_REF EXT_REF "
            "LEXICON_REF"
        ),
    ),
    "LANGUAGE": ("LANG_ID", "LANG_DEF LANG_LABEL"),
    "CONTROLLED_VOCABULARY": ("CV_ID", "EXT_REF"),
    "DESCRIPTION": ("LANG_REF", ""),
    "CV_ENTRY_ML": ("CVE_ID", "EXT_REF"),
    "CVE_VALUE": ("LANG_REF", "DESCRIPTION"),
}
"""Attributes that must, and that may, stand on an element."""

IDS = ("TIME_SLOT_ID", "ANNOTATION_ID", "CVE_ID")


def made(found, lang="en", name="talk.mp4", path="../talk.mp4"):
    return elan_files(found, Media(name, path, "video/mp4"), lang)[".eaf"]


def assert_follows_the_schema(content):
    root = ET.fromstring(content)
    assert root.tag == "ANNOTATION_DOCUMENT"
    for element in root.iter():
        required, optional = ATTRIBUTES[element.tag]
        given = {name for name in element.attrib if not name.startswith("{")}
        assert given >= set(required.split())
        assert given <= {*required.split(), *optional.split()}, element.tag
        order = CHILDREN.get(element.tag, ())
        places = [order.index(child.tag) for child in element]
        assert places == sorted(places), element.tag
    assert len(root.findall("HEADER")) == len(root.findall("TIME_ORDER")) == 1
    ids = [element.get(name) for element in root.iter() for name in IDS if element.get(name)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", name, re.ASCII) for name in ids)
    slots = {
        slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")
    }
    assert list(slots.values()) == sorted(slots.values())
    types = {entry.get("LINGUISTIC_TYPE_ID"): entry for entry in root.iter("LINGUISTIC_TYPE")}
    vocabularies = {
        cv.get("CV_ID"): {
            entry.get("CVE_ID"): entry.findtext("CVE_VALUE") for entry in cv.iter("CV_ENTRY_ML")
        }
        for cv in root.iter("CONTROLLED_VOCABULARY")
    }
    languages = {entry.get("LANG_ID") for entry in root.iter("LANGUAGE")}
    assert {element.get("LANG_REF") for element in root.iter()} <= {None, *languages}
    names = [tier.get("TIER_ID") for tier in root.iter("TIER")]
    assert len(set(names)) == len(names)
    used = []
    for tier in root.iter("TIER"):
        kind = types[tier.get("LINGUISTIC_TYPE_REF")]
        entries = vocabularies.get(kind.get("CONTROLLED_VOCABULARY_REF"))
        end = 0
        for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
            first, last = annotation.get("TIME_SLOT_REF1"), annotation.get("TIME_SLOT_REF2")
            used += [first, last]
            assert end <= slots[first] < slots[last]
            end = slots[last]
            if entries is not None:
                value = annotation.findtext("ANNOTATION_VALUE")
                assert entries[annotation.get("CVE_REF")] == value
    assert sorted(used) == sorted(slots)
    for entries in vocabularies.values():
        assert len(set(entries.values())) == len(entries)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_document_follows_the_schema(lang):
    assert_follows_the_schema(made(findings(), lang))


@given(any_findings())
def test_any_rows_follow_the_schema(found):
    assert_follows_the_schema(made(found))


def test_another_reader_finds_the_tiers_and_the_rows(tmp_path: Path):
    found = findings()
    file = tmp_path / "talk.eaf"
    file.write_bytes(made(found))
    eaf = pympi.Eaf(str(file))
    assert list(eaf.get_tier_names()) == list(TIERS)
    for tier in tiers_of(found)[:3]:
        rows = [(cell.start_ms, cell.end_ms, cell.label) for cell in tier.cells]
        assert sorted(eaf.get_annotation_data_for_tier(tier.name)) == rows
    assert eaf.get_annotation_data_for_tier("mismatch") == [
        (1000, 2001, "sadness / happiness (0.60)")
    ]
    values = [value[0][0][0] for value in eaf.get_cv_entries("face_emotion").values()]
    assert values[:3] == ["anger", "contempt", "disgust"]
    (media,) = eaf.get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "../talk.mp4"
    assert media["MIME_TYPE"] == "video/mp4"


def test_rows_that_touch_still_touch():
    root = ET.fromstring(made(findings()))
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    face = root.find("TIER[@TIER_ID='face']")
    bounds = [
        [slots[entry.get(name)] for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
        for entry in face.iter("ALIGNABLE_ANNOTATION")
    ]
    assert bounds == [["0", "1000"], ["1000", "2001"], ["2001", "2333"], ["2333", "3333"]]


def test_russian_names_come_with_their_vocabulary():
    text = made(findings(), "ru").decode()
    assert "<ANNOTATION_VALUE>радость</ANNOTATION_VALUE>" in text
    assert '<CVE_VALUE DESCRIPTION="happiness" LANG_REF="und">радость</CVE_VALUE>' in text


def test_a_video_on_another_drive_is_named_in_full():
    root = ET.fromstring(made(findings(), path="D:/talks/talk.mp4"))
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("MEDIA_URL") == "file:///D:/talks/talk.mp4"
    assert media.get("RELATIVE_MEDIA_URL") is None


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>.mp4",
        "a\"&'b.mp4",
        "лекция 1.mp4",
        "tab\tbell\x07.mp4",
        "\udcff.mp4",
    ],
)
def test_hostile_names_are_text(name):
    content = made(findings(name), name=name, path=name)
    assert_follows_the_schema(content)
    media = ET.fromstring(content).find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("RELATIVE_MEDIA_URL") == "./" + xml_text(name)
    assert b"<script>" not in content


def test_characters_that_xml_cannot_hold_are_replaced():
    assert (
        xml_text("a\x00\x0b\ufffe\udc80b\t\U0001f600") == "a\ufffd\ufffd\ufffd\ufffdb\t\U0001f600"
    )


def test_a_label_of_a_foreign_model_gets_an_entry_of_its_own():
    odd = "very <odd>\x01"
    base = findings()
    faces = type(base.faces)(
        (odd, *base.faces.labels[1:]),
        *(getattr(base.faces, name) for name in base.faces.__slots__[1:]),
    )
    found = made_findings([0.0, 1.0, 2.0], [odd, "fear"], ["anger", "anger"], faces=faces)
    assert_follows_the_schema(made(found))


def test_an_empty_talk_is_a_document_without_annotations():
    found = made_findings([0.0, 0.0001], ["no_face"], ["no_speech"])
    content = made(found)
    assert_follows_the_schema(content)
    assert b"<ALIGNABLE" not in content
