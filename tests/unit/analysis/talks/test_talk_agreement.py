"""Face, voice and words of one talk as figures along the time: values, influence, stretches."""

import numpy as np
import pytest

from emoreport.analysis.mismatch.agreement import agreement
from emoreport.analysis.mismatch.bootstrap import along_time
from emoreport.analysis.mismatch.modalities import Modality, departures, in_common, joined
from emoreport.analysis.mismatch.three_way import three_way
from emoreport.analysis.numeric.blocks import BIN_S, Ratio
from emoreport.analysis.talks.agreement import agreement_measures
from emoreport.analysis.transitions.talk_figures import TOO_FEW_INTERVALS, Talk, describe_talk
from tests.fixtures.readings import video_rows
from tests.fixtures.sequences import hard_sequence, sequence

LABELS = ("anger", "happiness", "neutral", "sadness")


def side(seed, mean_s, duration_s=600.0):
    """A modality that changes every few seconds and is missing now and then."""
    rng = np.random.default_rng(seed)
    inner = np.cumsum(rng.exponential(mean_s, int(3 * duration_s / mean_s)))
    edges_s = np.concatenate(([0.0], inner[inner < duration_s], [duration_s]))
    label = rng.integers(-1, len(LABELS), len(edges_s) - 1)
    return Modality(LABELS, hard_sequence(edges_s, label, len(LABELS)))


def sides(*, duration_s=600.0):
    return side(1, 2.0, duration_s), side(2, 3.0, duration_s), side(3, 4.0, duration_s)


def by_name(*modalities):
    return {row.measure: row for row in agreement_measures(*modalities)}


def test_the_figures_are_those_of_the_modalities():
    face, voice, text = sides()
    found = by_name(face, voice, text)
    alike = in_common(face, voice, text)
    assert found["kappa_voice_text"].course.value == agreement(joined(voice, text)).kappa
    assert found["fleiss_kappa"].course.value == pytest.approx(three_way(alike).fleiss.value)
    for name, joint in departures(alike).items():
        assert found[f"departs_{name}"].course.value == agreement(joint).disagreement


def test_the_influence_of_a_share_is_that_of_a_ratio():
    face, voice, _ = sides()
    joint = joined(face, voice)
    course = along_time(joint, "disagreement", BIN_S)
    edges_s = np.linspace(0.0, 600.0, 1201)
    known = joint.compared
    seconds = [
        np.diff(np.interp(edges_s, joint.edges_s, np.append(0.0, np.cumsum(part))))
        for part in (
            joint.length_s * known,
            joint.length_s * (known & (joint.face_label != joint.voice_label)),
        )
    ]
    ratio = Ratio(seconds[1], seconds[0])
    assert course.value == pytest.approx(ratio.value)
    assert course.influence == pytest.approx(ratio.influence, abs=1e-9)
    assert course.bottom == pytest.approx(seconds[0])


@pytest.mark.parametrize("measure", ["kappa_face_text", "fleiss_kappa", "departs_voice"])
@pytest.mark.parametrize("place", [3, 100, 250])
def test_the_influence_of_a_bin_is_what_more_of_it_does(measure, place):
    bins, more_s = 400, 0.001
    labels = np.random.default_rng(0).integers(-1, len(LABELS), (3, bins // 2)).repeat(2, axis=1)
    edges_s = BIN_S * np.arange(bins + 1.0)

    def course(edges_s):
        modalities = (Modality(LABELS, hard_sequence(edges_s, row, len(LABELS))) for row in labels)
        return by_name(*modalities)[measure].course

    before = course(edges_s)
    after = course(edges_s + more_s * (np.arange(bins + 1) > place))
    expected = before.influence[place] / bins * more_s / BIN_S
    assert after.value - before.value == pytest.approx(expected, rel=0.01, abs=1e-10)


def test_stretches_of_the_rarer_kind_are_counted_and_too_few_give_no_interval():
    seen = Modality(LABELS, sequence((0, 10), (1, 10), (0, 10), labels=4))
    heard = Modality(LABELS, sequence((0, 15), (None, 5), (2, 10), labels=4))
    said = Modality(LABELS, sequence((0, 30), labels=4))
    found = by_name(seen, heard, said)
    assert found["kappa_face_voice"].intervals == 1
    assert found["departs_face"].intervals == 1
    talk = Talk("", video_rows(("fear", 30)), agreement=tuple(found.values()))
    row = next(row for row in describe_talk(talk) if row.measure == "kappa_face_voice")
    assert (row.low, row.reason) == (None, TOO_FEW_INTERVALS)
    assert row.value == agreement(joined(seen, heard)).kappa


def test_what_is_not_defined_has_no_value():
    seen = Modality(LABELS, sequence((0, 30), labels=4))
    nothing = Modality(LABELS, sequence((None, 30), labels=4))
    found = by_name(seen, seen, nothing)
    assert {found[name].course.value for name in ("kappa_face_text", "fleiss_kappa")} == {None}
    assert found["departs_text"].course.value is None
    assert not found["departs_text"].course.influence.any()
    assert found["kappa_face_voice"].course.value is None
    alien = Modality(("fear",), sequence((0, 30), labels=1))
    assert by_name(seen, seen, alien)["kappa_face_text"].course.value is None
