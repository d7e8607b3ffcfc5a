from __future__ import annotations

import json
from typing import Any

import pytest

from emoreport.errors import StoredReadingsError
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
        (project([]), "it has none"),
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


def test_several_observations_are_refused(read: Read) -> None:
    document = json.loads(project([START, STOP]))
    document["observations"]["two"] = document["observations"]["one"]
    with pytest.raises(StoredReadingsError, match="'one', 'two'"):
        read("a.boris", json.dumps(document))
