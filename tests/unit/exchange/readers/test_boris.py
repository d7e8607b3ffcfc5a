from __future__ import annotations

import json
from typing import Any

import pytest

from emoreport.errors import SettingsError, StoredReadingsError
from tests.unit.exchange.readers.conftest import Read, spans


def project(events: list[list[Any]], **values: Any) -> str:
    behaviours = [
        ("anger", "face", "State event"),
        ("face_fear", "face", "State event with coding map"),
        ("blink", "face", "Point event"),
        ("voice_anger", "voice", "State event"),
        ("nods", "", "State event"),
    ]
    observation = {"events": events, "time offset": 0.0, **values}
    return json.dumps(
        {
            "behaviors_conf": {
                str(place): {"code": code, "category": category, "type": kind}
                for place, (code, category, kind) in enumerate(behaviours)
            },
            "observations": {"one": observation, "empty": {"events": []}},
        }
    )


def test_every_other_event_of_a_behaviour_ends_it(read: Read) -> None:
    events: list[list[Any]] = [
        [3.0, "", "anger", "", ""],
        [0, "", "anger", "", "", "NA"],
        [1.5, "", "anger", "", ""],
        [1.5, "", "face_fear", "", ""],
        [2.25, "", "face_fear", "", ""],
        [4.0, "", "anger", "", ""],
        [1.0, "", "blink", "", ""],
        [0.5, "", "voice_anger", "", ""],
        [0.75, "", "voice_anger", "", ""],
        [0.1, "", "nods", "", ""],
        [0.2, "", "nods", "", ""],
    ]
    (coding,) = read("anna.boris", project(events))
    assert spans(coding.labels.face) == [
        (0.0, 1.5, "anger"),
        (1.5, 2.25, "fear"),
        (3.0, 4.0, "anger"),
    ]
    assert spans(coding.labels.voice) == [(0.5, 0.75, "anger")]


START: list[Any] = [1.0, "", "anger", "", ""]
STOP: list[Any] = [2.0, "", "anger", "", ""]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "no project of BORIS"),
        ("[]", "no project of BORIS"),
        ("{}", "no project of BORIS"),
        ("[" * 100_000, "no project of BORIS"),
        (project([START])[:-20], "no project of BORIS"),
        (project([]), "it has –"),
        (project([START]), "without an end"),
        (project([START, [2.0, "other", "anger", "", ""]]), "without an end"),
        (project([[1.0, "", "odd", "", ""]]), "ethogram"),
        (project([[1.0]]), "no project of BORIS"),
        (project([["soon", "", "anger"]]), "no project of BORIS"),
        (project([START, [float("nan"), "", "anger"]]), "no project of BORIS"),
        (project([[-1.0, "", "anger"], STOP]), "no span"),
        (project([START, STOP], **{"time offset": 3.5}), "time offset"),
    ],
    ids=range(14),
)
def test_hostile_and_broken_projects_are_one_error(content: str, cause: str, read: Read) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.boris", content)


def several(**observations: dict[str, Any]) -> str:
    """A project of several observations."""
    document = json.loads(project([START, STOP]))
    own = document["observations"].pop("one")
    document["observations"] |= {name: own | facts for name, facts in observations.items()}
    return json.dumps(document)


def test_one_of_several_observations_is_chosen(read: Read) -> None:
    text = several(one={}, two={"events": [START, [9.0, "", "anger", "", ""]]})
    with pytest.raises(StoredReadingsError, match=r"'one', 'two'.*--observation"):
        read("a.boris", text)
    (coding,) = read("a.boris", text, observation="two")
    assert spans(coding.labels.face) == [(1.0, 9.0, "anger")]
    with pytest.raises(StoredReadingsError, match=r"no observation 'three'.*'empty', 'one', 'two'"):
        read("a.boris", text, observation="three")
    (coding,) = read("a.boris", text, observation="empty")
    assert coding.labels.face == ()


def test_the_observation_of_the_recording_is_chosen(read: Read) -> None:
    text = several(
        one={"file": {"1": ["C:\\\\videos\\\\first.mp4"], "2": []}},
        two={"file": {"1": ["/home/anna/Talk.MP4"]}, "events": [START, [9.0, "", "anger"]]},
    )
    (coding,) = read("a.boris", text, video="talk.mp4")
    assert spans(coding.labels.face) == [(1.0, 9.0, "anger")]
    with pytest.raises(StoredReadingsError, match="'one', 'two'"):
        read("a.boris", text, video="other.mp4")


# --------------------------------------------------------------------------- categories


def without_categories(*codes: str) -> str:
    document = json.loads(project([]))
    document["behaviors_conf"] = {
        str(place): {"code": code, "category": category, "type": "State event"}
        for place, code in enumerate(codes)
        for category in [("", None)[place % 2]]
    }
    events = [[place + end, "", code] for place, code in enumerate(codes) for end in (0, 1)]
    document["observations"]["one"]["events"] = events
    return json.dumps(document)


def test_behaviours_without_a_category_can_be_named(read: Read) -> None:
    text = without_categories("neutral", "anger")
    expected = [(0.0, 1.0, "neutral"), (1.0, 2.0, "anger")]
    (coding,) = read("a.boris", text, face="", voice="none")
    assert spans(coding.labels.face) == expected
    assert (coding.labels.voice, coding.assumed_face) == (None, False)
    (coding,) = read("a.boris", text, voice="")
    assert spans(coding.labels.voice) == expected
    assert (coding.labels.face, coding.assumed_face) == (None, False)


def test_without_a_category_the_face_is_assumed_and_that_is_said(read: Read) -> None:
    text = without_categories("neutral", "anger")
    (coding,) = read("a.boris", text)
    assert coding.assumed_face
    assert len(coding.labels.face or ()) == 2
    unused = '"9": {"code": "joy", "category": "face", "type": "State event"}, "0": {"code"'
    (coding,) = read("a.boris", text.replace('"0": {"code"', unused))
    assert len(coding.labels.face or ()) == 2
    (coding,) = read("a.boris", text, modality="voice")
    assert not coding.assumed_face
    assert coding.labels.face is None
    assert len(coding.labels.voice or ()) == 2
    with pytest.raises(SettingsError, match="neither"):
        read("a.boris", text, face="none")


def test_codes_that_say_the_modality_need_no_category(read: Read) -> None:
    (coding,) = read("a.boris", without_categories("face_anger", "voice_fear", "face_rub"))
    assert spans(coding.labels.face) == [(0.0, 1.0, "anger")]
    assert spans(coding.labels.voice) == [(1.0, 2.0, "fear")]
    with pytest.raises(SettingsError, match="face_rub"):
        read("a.boris", without_categories("face_anger", "face_rub"), face="")


def test_only_the_categories_that_are_asked_for_are_judged(read: Read) -> None:
    events = [START, STOP, [0.5, "", "nods"], [0.5, "", "voice_anger"]]
    (coding,) = read("a.boris", project(events), voice="none")
    assert spans(coding.labels.face) == [(1.0, 2.0, "anger")]
    with pytest.raises(StoredReadingsError, match="'voice_anger' starts without an end"):
        read("a.boris", project(events))


# --------------------------------------------------------------------------- media


def played(files: dict[str, list[str]], **values: Any) -> str:
    """States of three seconds from 9 s, 20 s and 41 s on, on the clock of the first player."""
    events = [[time, "", "anger"] for start in (9, 20, 41) for time in (start, start + 3)]
    lengths = {"first.mp4": 20.5, "talk.mp4": 21.0, "third.mp4": 30.0}
    info = {"length": lengths, "offset": {"1": 0.0, "2": 0.0}} | values.pop("media_info", {})
    return project(events, file=files, media_info=info, type="MEDIA", **values)


QUEUE = {"1": ["/v/first.mp4", "/v/talk.mp4", "third.mp4"]}
LENGTHS = {"length": {"/v/first.mp4": 20.5, "/v/talk.mp4": 21.0, "third.mp4": 30.0}}


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        ("first.mp4", [(9.0, 12.0), (20.0, 20.5)]),
        ("talk.mp4", [(0.0, 2.5), (20.5, 21.0)]),
        ("third.mp4", [(0.0, 2.5)]),
    ],
)
def test_events_of_queued_media_are_those_of_the_recording(
    video: str, expected: list[tuple[float, float]], read: Read
) -> None:
    (coding,) = read("a.boris", played(QUEUE, media_info=LENGTHS), video=video)
    assert [place[:2] for place in spans(coding.labels.face)] == expected


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0.0, [(9.0, 12.0), (20.0, 23.0), (41.0, 44.0)]),
        (5.0, [(4.0, 7.0), (15.0, 18.0), (36.0, 39.0)]),
        (-5.0, [(14.0, 17.0), (25.0, 28.0), (46.0, 49.0)]),
        (21.0, [(0.0, 2.0), (20.0, 23.0)]),
    ],
)
def test_events_are_shifted_by_the_offset_of_the_second_player(
    offset: float, expected: list[tuple[float, float]], read: Read
) -> None:
    files = {"1": ["first.mp4"], "2": ["talk.mp4"]}
    for facts in ({"media_info": {"offset": {"2": offset}}}, {"time offset second player": offset}):
        text = played(files, **{"media_info": {"offset": {}}, **facts})
        (coding,) = read("a.boris", text, video="talk.mp4")
        assert [place[:2] for place in spans(coding.labels.face)] == expected
        (coding,) = read("a.boris", text, video="first.mp4")
        assert spans(coding.labels.face)[0][:2] == (9.0, 12.0)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (played(QUEUE, media_info=LENGTHS), "which of them is other.mp4 is not clear"),
        (played({"1": ["other.mp4", "other.mp4"]}), "not clear"),
        (
            played({"1": ["first.mp4"], "2": ["x.mp4"]}, media_info={"offset": {"2": 3}}),
            "not clear",
        ),
        (played({"1": ["x.mp4", "other.mp4"]}), "does not say when 'other.mp4' begins"),
        (played({"1": ["other.mp4"]}, media_info={"offset": {"1": 2.0}}), "does not say when"),
        (played({"1": ["a.mp4"], "2": ["b.mp4", "other.mp4"]}), "does not say when"),
        (played({"1": ["other.mp4"]}, media_creation_date_as_offset=True), "date"),
        (project([START, STOP], type="LIVE", file={}), "LIVE"),
        (project([START, STOP], type="IMAGES", file={}), "IMAGES"),
        (played({"1": ["other.mp4"]}, media_info={"offset": {"1": "soon"}}), "no project"),
        (played({"1": 3}), "no project"),  # type: ignore[dict-item]
    ],
    ids=range(11),
)
def test_times_that_are_not_those_of_the_recording_are_refused(
    text: str, cause: str, read: Read
) -> None:
    with pytest.raises(StoredReadingsError, match=cause):
        read("a.boris", text, video="other.mp4")


@pytest.mark.parametrize(
    "files", [{}, [], {"1": ["re-encoded.avi"], "2": []}, {"1": ["a"], "2": ["b"]}]
)
def test_one_medium_under_another_name_is_the_recording(files: Any, read: Read) -> None:
    (coding,) = read("a.boris", played(files), video="talk.mp4")
    assert spans(coding.labels.face)[0][:2] == (9.0, 12.0)
