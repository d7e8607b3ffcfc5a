from __future__ import annotations

from pathlib import Path

import pympi
import pytest

from emoreport.errors import EmoreportError, SettingsError, StoredReadingsError
from emoreport.exchange.readers import read_codings
from emoreport.tiers import elan
from tests.unit.exchange.readers.conftest import Read, spans, tiers

SLOTS = (("ts1", "0"), ("ts2", "1000"), ("ts3", "2500"), ("ts4", None))


def aligned(name: str, first: str, last: str, value: str) -> str:
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{first}" '
        f'TIME_SLOT_REF2="{last}"><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def referring(name: str, to: str, value: str, extra: str = "") -> str:
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{to}" {extra}>'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


HEADER = '<HEADER TIME_UNITS="milliseconds"/>'


def linked(*media: tuple[str, str, str]) -> str:
    """A header with media: file name, kind, and origin on the time axis."""
    return "".join(
        (
            "<HEADER>",
            *(
                f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/data/{name}" MIME_TYPE="{kind}"'
                f' TIME_ORIGIN="{origin}" RELATIVE_MEDIA_URL="./{name}"/>'
                for name, kind, origin in media
            ),
            "</HEADER>",
        )
    )


def document(body: str, header: str = HEADER) -> str:
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{name}"' + (f' TIME_VALUE="{value}"/>' if value else "/>")
        for name, value in SLOTS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT>'
        f"{header}<TIME_ORDER>{slots}</TIME_ORDER>{body}</ANNOTATION_DOCUMENT>"
    )


def tier(name: str, body: str) -> str:
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="x">{body}</TIER>'


GOOD = document(
    tier("face", aligned("a1", "ts1", "ts2", "anger") + aligned("a2", "ts2", "ts3", " Радость "))
    + tier("words", aligned("a3", "ts1", "ts3", "whatever was said"))
)


def test_tiers_of_the_usual_names_are_read(read: Read) -> None:
    (coding,) = read("anna.eaf", GOOD)
    assert (coding.coder, coding.file) == ("anna", "anna.eaf")
    assert len(coding.sha256) == 64
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger"), (1.0, 2.5, "happiness")]
    assert coding.labels.voice is None


def test_tiers_can_be_named_and_left_out(read: Read) -> None:
    text = GOOD.replace('"face"', '"Emotion@A"')
    (coding,) = read("a.eaf", text, face="Emotion@A")
    assert coding.labels.face
    (coding,) = read("a.eaf", text, voice="Emotion@A")
    assert coding.labels.face is None
    assert coding.labels.voice
    with pytest.raises(SettingsError, match=r"'Emotion@A', 'words'.*--tier-face"):
        read("a.eaf", text)
    with pytest.raises(SettingsError, match="no tier 'nothing'"):
        read("a.eaf", text, face="nothing")
    with pytest.raises(SettingsError, match="neither"):
        read("a.eaf", GOOD, face="none")


def test_the_case_of_a_usual_name_does_not_matter(read: Read) -> None:
    (coding,) = read("a.eaf", GOOD.replace('"face"', '"Face"'))
    assert coding.labels.face
    both = document(tier("Face", "") + tier("FACE", ""))
    with pytest.raises(SettingsError, match="neither"):
        read("a.eaf", both)


def test_a_tier_that_hangs_on_another_has_its_times(read: Read) -> None:
    text = document(
        tier("words", aligned("a1", "ts1", "ts2", "hello"))
        + tier("middle", referring("a2", "a1", "x"))
        + tier("voice", referring("a3", "a2", "fear"))
    )
    (coding,) = read("a.eaf", text)
    assert spans(coding.labels.voice) == [(0.0, 1.0, "fear")]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (referring("a3", "a9", "fear"), "not there"),
        (referring("a3", "a4", "fear") + referring("a4", "a3", "fear"), "in a circle"),
        (referring("a3", "a4", "fear", 'PREVIOUS_ANNOTATION="a4"'), "subdivision"),
        (aligned("a1", "ts1", "ts4", "fear"), "subdivision"),
        (aligned("a1", "ts1", "ts9", "fear"), "subdivision"),
        (aligned("a1", "ts3", "ts2", "fear"), "no span"),
        (aligned("a1", "ts1", "ts2", "fear") * 2, "two annotations"),
        ("<ANNOTATION><ODD/></ANNOTATION>", "unknown kind"),
        (
            aligned("a1", "ts1", "ts3", "fear") + aligned("a2", "ts2", "ts3", "anger"),
            "two labels",
        ),
    ],
)
def test_annotations_that_make_no_sense_are_refused(body: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause) as caught:
        read("a.eaf", document(tier("face", body)))
    assert caught.value.file
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ('<HEADER TIME_UNITS="PAL-frames"/>', "PAL-frames"),
        ('<HEADER><MEDIA_DESCRIPTOR MEDIA_URL="x" TIME_ORIGIN="1200"/></HEADER>', "1200 ms"),
        (linked(("a.mp4", "video/mp4", "0"), ("b.mp4", "video/mp4", "-40")), "-40 ms"),
        (linked(("talk.mp4", "video/mp4", "7"), ("mic.wav", "audio/x-wav", "0")), "7 ms"),
        (linked(("mic.wav", "audio/x-wav", "12"), ("mic2.wav", "audio/x-wav", "0")), "12 ms"),
    ],
)
def test_times_on_another_scale_are_refused(header: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.eaf", document(tier("face", ""), header), video="talk.mp4")


@pytest.mark.parametrize(
    "header",
    [
        linked(("my talk.mp4", "video/mp4", "0"), ("mic.wav", "audio/x-wav", "1200")),
        linked(("mic.wav", "audio/x-wav", "1200"), ("my talk.mp4", "video/mp4", "")),
        linked(("cut.mp4", "video/mp4", "0.0"), ("mic.wav", "audio/x-wav", "1200")),
        linked(("My%20Talk.mp4", "video/mp4", "0"), ("camera 2.mp4", "video/mp4", "-800")),
        "<HEADER/>",
        "",
    ],
)
def test_a_shift_of_another_medium_does_not_matter(header: str, read: Read) -> None:
    (coding,) = read("a.eaf", GOOD.replace(HEADER, header), video="my talk.mp4")
    assert spans(coding.labels.face)[0] == (0.0, 1.0, "anger")


ELSEWHERE = {
    "a symbolic subdivision": aligned("b1", "ts1", "ts3", "hello world")
    + referring("b2", "b1", "hello")
    + referring("b3", "b1", "world", 'PREVIOUS_ANNOTATION="b2"'),
    "no times": aligned("b1", "ts1", "ts4", "hello"),
    "a slot that is not there": aligned("b1", "ts1", "ts9", "hello"),
    "a reversed span": aligned("b1", "ts3", "ts2", "hello"),
    "a time that is none": aligned("b1", "ts1", "ts5", "hello"),
    "an id of the tier": aligned("a1", "ts1", "ts2", "hello"),
    "an id twice": aligned("b1", "ts1", "ts2", "hello") * 2,
    "a reference to nothing": referring("b1", "b9", "hello"),
    "a kind of later formats": "<ANNOTATION><TIMELESS_ANNOTATION/></ANNOTATION>",
    "labels that are none": aligned("b1", "ts1", "ts2", "whatever"),
}


@pytest.mark.parametrize("flaw", ELSEWHERE)
def test_only_the_tiers_that_are_asked_for_are_judged(flaw: str, read: Read) -> None:
    odd_slot = '<TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="soon"/></TIME_ORDER>'
    text = document(
        tier("words", ELSEWHERE[flaw])
        + tier("face", aligned("a1", "ts1", "ts2", "anger") + aligned("a2", "ts2", "ts3", "fear"))
    ).replace("</TIME_ORDER>", odd_slot)
    (coding,) = read("a.eaf", text)
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger"), (1.0, 2.5, "fear")]
    assert coding.labels.voice is None
    with pytest.raises(EmoreportError):
        read("a.eaf", text, face="words")


def test_an_annotation_on_an_id_that_is_held_twice_is_refused(read: Read) -> None:
    text = document(
        tier("words", aligned("b1", "ts1", "ts2", "x") + aligned("b2", "ts2", "ts3", "y"))
        + tier("more", aligned("b1", "ts2", "ts3", "z"))
        + tier("face", referring("a1", "b1", "anger"))
        + tier("voice", referring("a2", "b2", "anger"))
    )
    (coding,) = read("a.eaf", text, face="none")
    assert spans(coding.labels.voice) == [(1.0, 2.5, "anger")]
    with pytest.raises(StoredReadingsError, match="occurs twice"):
        read("a.eaf", text)


def test_a_time_slot_that_is_there_twice_is_refused(read: Read) -> None:
    text = GOOD.replace(
        "</TIME_ORDER>", '<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="9"/></TIME_ORDER>'
    )
    with pytest.raises(StoredReadingsError, match="occurs twice"):
        read("a.eaf", text)


@pytest.mark.parametrize("value", ["1000.0", "999.6", " 1000 ", "+1000", "1000."])
def test_milliseconds_with_decimals_are_rounded(value: str, read: Read) -> None:
    (coding,) = read("a.eaf", GOOD.replace('"1000"', f'"{value}"'))
    assert spans(coding.labels.face)[0] == (0.0, 1.0, "anger")


@pytest.mark.parametrize("form", ["2.7", "2.8", "3.0"])
def test_files_of_every_format_with_tiers_of_every_kind_open(form: str, tmp_path: Path) -> None:
    """The kinds of tiers in the samples of pympi: aligned, subdivided, associated, unaligned."""
    eaf = pympi.Eaf(author="someone")
    eaf.adocument.update({"FORMAT": form, "VERSION": form})
    eaf.add_linguistic_type("symbols", "Symbolic_Subdivision", timealignable=False)
    eaf.add_linguistic_type("association", "Symbolic_Association", timealignable=False)
    eaf.add_linguistic_type("division", "Time_Subdivision")
    eaf.add_linked_file("tracker/data.txt", mimetype="text/plain")
    eaf.add_linked_file("far/away.wav", mimetype="audio/x-wav")
    eaf.add_tier("face")
    eaf.add_annotation("face", 1800, 3000, "neutral")
    eaf.add_annotation("face", 3000, 4800, "surprise")
    eaf.add_tier("speech")
    eaf.add_annotation("speech", 1800, 4800, "so from here")
    eaf.add_tier("words", "symbols", "speech")
    eaf.add_ref_annotation("words", "speech", 2000, "so")
    eaf.add_ref_annotation("words", "speech", 2000, "from", prev=next(iter(eaf.tiers["words"][1])))
    eaf.add_tier("voice", "association", "speech")
    eaf.add_ref_annotation("voice", "speech", 2000, "fear")
    eaf.add_tier("sounds", "division", "speech")
    eaf.add_annotation("sounds", 1800, 2400, "s")
    (_, unaligned, _, _) = next(iter(eaf.tiers["sounds"][0].values()))
    eaf.timeslots[unaligned] = None
    file = tmp_path / "sample.eaf"
    eaf.to_file(str(file))
    assert f'FORMAT="{form}"' in file.read_text()
    (coding,) = read_codings(file, tiers())
    assert spans(coding.labels.face) == [(1.8, 3.0, "neutral"), (3.0, 4.8, "surprise")]
    assert spans(coding.labels.voice) == [(1.8, 4.8, "fear")]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><ANNOTATION_DOCUMENT>&i;</ANNOTATION_DOCUMENT>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<ANNOTATION_DOCUMENT><TIER TIER_ID='face'>&a;</TIER></ANNOTATION_DOCUMENT>"
)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "not well-formed"),
        ("just text", "not well-formed"),
        (GOOD[:-30], "not well-formed"),
        ("<html/>", "no ELAN file"),
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        ("<!DOCTYPE x SYSTEM 'http://example.invalid/x.dtd'><x/>", "document type"),
        ("<a>" * 2000, "nested"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed"),
        (GOOD.encode("utf-8").replace("Радость".encode(), b"\xff\xfe"), "not well-formed"),
        (GOOD.replace('"1000"', '"1e3"'), "no time"),
        (GOOD.replace('"1000"', f'"{10**12}"'), "no span"),
        (GOOD.replace('"1000"', f'"{"9" * 5000}"'), "no time"),
        (GOOD.replace('"1000"', '"-5"'), "no span"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "bytes",
)
def test_hostile_and_broken_files_are_one_error(content: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.eaf", content)


def test_a_file_of_countless_elements_is_refused(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elan, "MAX_ELEMENTS", 50)
    with pytest.raises(StoredReadingsError, match="filled beyond"):
        read("a.eaf", f"<ANNOTATION_DOCUMENT>{'<A/>' * 50}</ANNOTATION_DOCUMENT>")


def test_labels_outside_of_the_vocabulary_are_listed(read: Read) -> None:
    text = document(
        tier("face", aligned("a1", "ts1", "ts2", "content") + aligned("a2", "ts2", "ts3", "Wrath"))
    )
    with pytest.raises(SettingsError, match=r"'content', 'Wrath'.*--map"):
        read("a.eaf", text)
    (coding,) = read("a.eaf", text, mapping={"content": "happiness", "wrath": "anger"})
    assert [entry.emotion for entry in coding.labels.face or ()] == ["happiness", "anger"]


def test_what_another_program_wrote_is_read(tmp_path: Path) -> None:
    eaf = pympi.Eaf(author="someone")
    eaf.add_tier("face")
    eaf.add_annotation("face", 0, 1500, "neutral")
    eaf.add_annotation("face", 2000, 2600, "no face")
    file = tmp_path / "bob.eaf"
    eaf.to_file(str(file))
    (coding,) = read_codings(file, tiers())
    assert spans(coding.labels.face) == [(0.0, 1.5, "neutral"), (2.0, 2.6, "no_face")]


@pytest.mark.parametrize("kind", ["missing", "folder", "ending"])
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.docx" if kind == "ending" else "a.eaf")
    if kind == "folder":
        path.mkdir()
    with pytest.raises(EmoreportError) as caught:
        read_codings(path, tiers())
    assert caught.value.remedy


def test_a_file_beyond_all_measure_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoreport.tiers.files.MAX_BYTES", 10)
    (tmp_path / "a.eaf").write_bytes(b"x" * 11)
    with pytest.raises(StoredReadingsError, match="more than"):
        read_codings(tmp_path / "a.eaf", tiers())
