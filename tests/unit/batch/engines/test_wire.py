from __future__ import annotations

import pickle

import pytest

from emoreport.batch.engine import Failed, Finished, NoVideo, Opened, VideoJob
from emoreport.batch.engines import wire
from emoreport.errors import EmoreportError, ModelError, SettingsError

JOB = VideoJob("a/\udcff\n.mp4", "/v/a", "ab", 1, 2, "/out/a", "/out/.batch/a", certain=False)
OUTCOMES = [
    Finished(JOB, {"video": "a", "duration": 0.1 + 0.2, "kappa": None}, ("x",), ("y", "z"), 1.5),
    Failed(JOB, "decode", "broken\n", "mend it", lasting=False, trace="Traceback"),
    NoVideo(JOB, "audio only"),
]
OPENED = Opened("f", "r", (("emotion", "text"), ("start", "number")), ("compact", "none"))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_outcomes_come_back_as_they_were(outcome) -> None:
    line = wire.encode({"kind": "outcome", "outcome": wire.outcome_document(outcome)})
    assert line.count(b"\n") == 1
    assert wire.read_outcome(JOB, wire.decode(line)["outcome"]) == outcome


def test_jobs_and_models_come_back_as_they_were() -> None:
    line = wire.encode({"kind": "job", "job": wire.job_document(JOB)})
    assert wire.read_job(wire.decode(line)["job"]) == JOB
    line = wire.encode({"kind": "opened", "opened": wire.opened_document(OPENED)})
    assert wire.read_opened(wire.decode(line)["opened"]) == OPENED


@pytest.mark.parametrize("thing", [JOB, OPENED, *OUTCOMES])
def test_everything_can_be_pickled_for_other_engines(thing) -> None:
    assert pickle.loads(pickle.dumps(thing)) == thing


@pytest.mark.parametrize("kind", [SettingsError, ModelError, EmoreportError])
def test_errors_keep_their_kind(kind) -> None:
    error = kind("cause", remedy="remedy", file="/f")
    read = wire.read_error(wire.error_document(error))
    assert type(read) is kind
    assert str(read) == str(error)


def test_a_made_up_kind_of_error_is_a_plain_one() -> None:
    document = {"type": "EXIT_OK", "cause": "c", "remedy": "r", "file": None}
    assert type(wire.read_error(document)) is EmoreportError


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"kind": 1}', b"\xff\xfe"])
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(line)


@pytest.mark.parametrize(
    "document", [{}, {"type": "Finished"}, {"type": "Popen", "args": "ls"}, {"type": "NoVideo"}]
)
def test_what_is_no_outcome_is_refused(document) -> None:
    with pytest.raises(wire.WireError):
        wire.read_outcome(JOB, document)
