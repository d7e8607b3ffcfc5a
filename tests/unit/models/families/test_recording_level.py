import numpy as np
import pytest

from emoreport.models.families.recording_level import RecordingLevel

LABELS = ("anger", "neutral", "sadness")
USUAL = np.log([0.3, 0.4, 0.3])


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True)


def voices(windows, *, shift, seed=1):
    rng = np.random.default_rng(seed)
    return softmax(rng.normal(0.0, 1.0, (windows, 3)) + USUAL + shift)


def test_what_a_microphone_adds_to_every_window_goes_with_much_speech():
    shift = np.array([2.5, 0.0, -1.0])
    level = RecordingLevel(USUAL, strength=1.0, half_s=3.0)
    weights, speech_s = np.full(400, 3.0), 1e9
    plain = level.settle(voices(400, shift=0.0), weights, speech_s)
    shifted = level.settle(voices(400, shift=shift), weights, speech_s)
    np.testing.assert_allclose(shifted, plain, atol=1e-3)
    assert (voices(400, shift=shift).argmax(axis=1) == 0).mean() > 0.7
    assert (plain.argmax(axis=1) == 0).mean() < 0.5


@pytest.mark.parametrize(("speech_s", "share"), [(0.0, 0.0), (3.0, 0.25), (9.0, 0.375)])
def test_the_share_taken_off_grows_with_the_seconds_of_speech(speech_s, share):
    level = RecordingLevel(USUAL, strength=0.5, half_s=3.0)
    alone = np.array([[0.8, 0.1, 0.1]])
    logs = np.log(alone)
    expected = softmax(logs - share * (logs - USUAL))
    settled = level.settle(alone, np.ones(1), speech_s)
    np.testing.assert_allclose(settled, expected, rtol=1e-5)


def test_sharpness_leaves_the_order_of_labels_and_grows_with_the_speech():
    alone = voices(20, shift=0.0)
    plain = RecordingLevel(USUAL, 0.75, 3.0)
    sharp = RecordingLevel(USUAL, 0.75, 3.0, sharpness=1.5)
    for speech_s in (1.0, 60.0):
        before = plain.settle(alone, np.ones(20), speech_s)
        after = sharp.settle(alone, np.ones(20), speech_s)
        np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
        assert after.max(axis=1).mean() > before.max(axis=1).mean()


def test_windows_without_a_reading_stay_without_one_and_do_not_count():
    level = RecordingLevel(USUAL, 0.75, 3.0)
    alone = voices(5, shift=1.0)
    holed = np.insert(alone, 2, np.nan, axis=0)
    settled = level.settle(holed, np.full(6, 2.0), 10.0)
    assert np.isnan(settled[2]).all()
    kept = np.delete(settled, 2, axis=0)
    np.testing.assert_allclose(kept, level.settle(alone, np.full(5, 2.0), 10.0), rtol=1e-6)
    np.testing.assert_allclose(kept.sum(axis=1), 1.0, rtol=1e-6)


def test_windows_without_weight_do_not_say_what_is_usual():
    level = RecordingLevel(USUAL, 0.75, 3.0)
    alone = np.concatenate([voices(5, shift=0.0), [[0.98, 0.01, 0.01]]])
    settled = level.settle(alone, np.array([1.0, 1, 1, 1, 1, 0]), 10.0)
    np.testing.assert_allclose(settled[:5], level.settle(alone[:5], np.ones(5), 10.0), rtol=1e-6)


@pytest.mark.parametrize("weights", [np.zeros(3), np.ones(3)])
def test_nothing_to_go_by_changes_nothing(weights):
    table = np.full((3, 3), np.nan) if weights.any() else voices(3, shift=1.0)
    settled = RecordingLevel(USUAL, 0.75, 3.0).settle(table, weights, 10.0)
    np.testing.assert_allclose(settled, table, rtol=1e-6)


def test_a_label_ruled_out_in_one_window_does_not_rule_the_mean():
    level = RecordingLevel(USUAL, 1.0, 3.0)
    alone = np.array([[0.3, 0.4, 0.3]] * 9 + [[0.0, 1.0, 0.0]])
    settled = level.settle(alone, np.ones(10), 1e9)
    assert np.isfinite(settled).all()
    assert settled[0].argmax() != 1  # nine usual windows beside one that is neutral beyond doubt


def test_the_document_reads_back():
    level = RecordingLevel(USUAL, 0.75, 3.0, 1.5)
    again = RecordingLevel.from_document(level.document(LABELS), LABELS)
    np.testing.assert_allclose(again.usual, level.usual, atol=1e-4)
    assert (again.strength, again.half_s, again.sharpness) == (0.75, 3.0, 1.5)


@pytest.mark.parametrize(
    "change",
    [{"strength": 1.5}, {"half_s": 0}, {"sharpness": -1}, {"usual": {"anger": 0.0}}, {"usual": 3}],
)
def test_a_document_without_sense_is_refused(change):
    document = RecordingLevel(USUAL, 0.75, 3.0).document(LABELS)
    with pytest.raises((ValueError, KeyError, TypeError)):
        RecordingLevel.from_document({**document, **change}, LABELS)
