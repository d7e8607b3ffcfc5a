"""Measuring forms against each other: what is compared, what is chosen, what is refused."""

import dataclasses

import numpy as np
import pytest

from emoreport.errors import ModelError, SettingsError
from emoreport.measure.optimize import bench as room
from emoreport.measure.optimize.bench import (
    Answers,
    Bench,
    check_form,
    circumstances,
    even_indices,
    timed,
)
from emoreport.models.runtimes.forms import Form, MeasuredForm

FAST = MeasuredForm("onnxruntime", "float32", "1", "model.onnx", "", 20.0, 0.0, 1.0)
SLOW = dataclasses.replace(FAST, runtime="torch", speed=10.0)
FASTER = dataclasses.replace(FAST, runtime="openvino", speed=30.0)
SMALL = dataclasses.replace(FAST, precision="int8", speed=40.0)


def bench_of(*forms, failed=None):
    bench = Bench(lambda _: None)
    bench.measured, bench.failed = list(forms), failed or {}
    return bench


def answers(probabilities, speed=1.0):
    return Answers(np.array(probabilities, dtype=np.float32), speed, "numpy 1.26.4")


def test_the_fastest_equal_form_is_chosen():
    assert bench_of(SLOW, FAST, FASTER).chosen("auto") == "openvino-float32"
    off = dataclasses.replace(FASTER, same_label=0.98)
    assert bench_of(SLOW, FAST, off).chosen("auto") == "onnxruntime-float32"


def test_eight_bit_weights_are_chosen_only_by_name():
    assert bench_of(SLOW, FAST, SMALL).chosen("auto") == "onnxruntime-float32"
    assert bench_of(SLOW, SMALL).chosen("onnxruntime-int8") == "onnxruntime-int8"


def test_a_form_that_does_not_run_here_is_not_replaced():
    bench = bench_of(SLOW, failed={"openvino-bfloat16": "this processor has none"})
    assert bench.chosen("auto") == "torch-float32"
    with pytest.raises(ModelError, match="this processor has none"):
        bench.chosen("openvino-bfloat16")


def test_the_first_form_is_what_the_others_are_compared_with():
    bench = Bench(lambda _: None)
    bench.add(Form("numpy", "float32"), answers([[0.6, 0.4], [0.45, 0.55]], speed=2.0))
    bench.measure(
        Form("numpy", "bfloat16"), lambda: answers([[0.5, 0.5], [0.55, 0.45]], speed=3.333)
    )
    reference, other = bench.measured
    assert (reference.max_difference, reference.same_label) == (0.0, 1.0)
    assert other.max_difference == pytest.approx(0.1)
    # A tie keeps the first label, the second row changes its own.
    assert other.same_label == 0.5
    assert not other.equal
    assert (other.name, other.speed, other.version) == ("numpy-bfloat16", 3.33, "1.26.4")


def test_a_form_that_fails_is_noted_and_the_next_one_runs():
    lines = []
    bench = Bench(lines.append)

    def broken():
        raise ModelError("this processor has no bfloat16")

    bench.measure(Form("not_there", "float32"), broken)
    bench.measure(Form("numpy", "bfloat16"), broken)
    bench.measure(Form("numpy", "float32"), lambda: answers([[1.0, 0.0]]))
    assert bench.failed == {
        "not_there-float32": "not_there is not installed",
        "numpy-bfloat16": "this processor has no bfloat16",
    }
    assert [form.name for form in bench.measured] == ["numpy-float32"]
    assert lines == ["measuring numpy-bfloat16", "measuring numpy-float32"]


def test_an_unknown_form_is_refused_with_those_that_there_are():
    check_form("auto", ["a-float32"])
    check_form("a-float32", ["a-float32"])
    with pytest.raises(SettingsError, match="openvino-int4") as refused:
        check_form("openvino-int4", ["a-float32"])
    assert "a-float32" in refused.value.remedy


def test_the_fastest_group_counts_and_every_item_is_judged_once(monkeypatch):
    clock = iter([0.0, 4.0, 10.0, 11.0, 20.0, 20.5])
    monkeypatch.setattr(room.time, "perf_counter", lambda: next(clock))
    judged = []

    def judge(group):
        judged.append(list(group))
        return np.array([[float(item)] for item in group])

    found, speed = timed(judge, [1, 2, 3, 4, 5], 2, len)
    np.testing.assert_array_equal(found[:, 0], [1, 2, 3, 4, 5])
    # Two items in 4 s, two in 1 s, one in 0.5 s; the first group runs once more, untimed.
    assert speed == 2.0
    assert judged == [[1, 2], [1, 2], [3, 4], [5]]


@pytest.mark.parametrize(
    ("count", "most", "places"),
    [(3, 5, [0, 1, 2]), (5, 5, [0, 1, 2, 3, 4]), (9, 3, [0, 4, 8]), (0, 3, [])],
)
def test_places_are_spread_evenly(count, most, places):
    assert even_indices(count, most) == places


def test_the_recordings_are_named_by_content_not_by_place(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    known = circumstances([path], 2)
    assert known["recordings"][0]["name"] == "a.wav"
    assert len(known["recordings"][0]["sha256"]) == 64
    assert str(tmp_path) not in str(known)
    assert known["threads"] == 2
