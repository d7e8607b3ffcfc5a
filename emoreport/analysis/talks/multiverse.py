"""Which conclusions about a talk survive other settings.

Nobody can justify a smoothing window to the tenth of a second, nor the one right limit on the
evidence. A *multiverse* is the same analysis under every combination of defensible settings
(Steegen, Tuerlinckx, Gelman and Vanpaemel 2016, Perspectives on Psychological Science 11:702-712;
drawn as a specification curve by Simonsohn, Simmons and Nelson 2020, Nature Human Behaviour
4:1208-1214). The combinations share all data: they are no sample, and the share in which a
conclusion holds is no probability that it is true.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.agreement import agreement
from emoreport.analysis.mismatch.bootstrap import block_bootstrap
from emoreport.analysis.mismatch.comparison import compare_intervals
from emoreport.analysis.mismatch.figure import mismatch_figure
from emoreport.analysis.mismatch.modalities import (
    Modality,
    departures,
    face_modality,
    in_common,
    joined,
    text_modality,
    voice_modality,
)
from emoreport.analysis.mismatch.shift_test import shift_test, verdict
from emoreport.analysis.mismatch.three_way import Sequences, three_way
from emoreport.analysis.rows.abstention import Level, abstain_faces
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.doubt import doubted
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.firmness import with_evidence
from emoreport.analysis.rows.judging import hear_rows
from emoreport.analysis.rows.segmentation import FaceSegmenter
from emoreport.analysis.rows.sequences import LabelSequence, face_sequence, join, voice_sequence
from emoreport.analysis.rows.text import SpokenText
from emoreport.analysis.rows.witnesses import firm_windows, with_face_witness
from emoreport.analysis.talks.conclusions import Setting, Universe, WordsAgreement
from emoreport.analysis.transitions.chains import (
    Chains,
    poisson_rate,
    transition_counts,
    unbroken_chains,
)
from emoreport.records import FaceTrack, SpeechTrack, TextReadings, Transcript
from emoreport.results import AudioInterval, VideoInterval
from emoreport.settings import Settings

TIE_S: Final = 1e-6
"""Sums of the same rows in another order differ in the last bits; a microsecond is no lead."""


def grid(
    smoothings_s: Sequence[float],
    min_intervals_s: Sequence[float],
    levels: Sequence[Level],
    bridges: Sequence[str],
    face_models: Sequence[str] = ("",),
    speech_models: Sequence[str] = ("",),
) -> tuple[Setting, ...]:
    """Every combination, each one once."""
    combinations = product(
        smoothings_s, min_intervals_s, levels, bridges, face_models, speech_models
    )
    return tuple(dict.fromkeys(Setting(*values) for values in combinations))


def same_effect(
    first: Bridge, second: Bridge, compared: Iterable[tuple[Sequence[str], Sequence[str]]]
) -> bool:
    """Whether two bridges compare the labels of these pairs of models in the same way."""
    return all(_effect(first, *labels) == _effect(second, *labels) for labels in compared)


class Multiverse:
    """The readings of one talk, ready to be looked at under many settings.

    What several settings share (the cut into rows, its evidence, the voice) is worked out once.

    Parameters
    ----------
    faces, speech
        Readings by the name of the model that leads.
    duration_s
        Length of the recording, seconds.
    settings
        All settings that do not vary.
    bridges
        Label bridges by name.
    transcript, text
        The words, and what they say; None where nothing read any words.
    """

    def __init__(
        self,
        faces: Mapping[str, FaceTrack],
        speech: Mapping[str, SpeechTrack],
        duration_s: float,
        settings: Settings,
        bridges: Mapping[str, Bridge],
        transcript: Transcript | None = None,
        text: TextReadings | None = None,
    ) -> None:
        limit = settings.analysis.distance_limit
        self._faces = {name: doubted(track, limit) for name, track in faces.items()}
        self._speech = {name: doubted(track, limit) for name, track in speech.items()}
        self._duration_s = duration_s
        self._frames = {
            name: FrameEvidence(track, duration_s) for name, track in self._faces.items()
        }
        self._segmenters = {
            name: FaceSegmenter(track, duration_s) for name, track in self._faces.items()
        }
        self._settings = settings
        self._bridges = bridges
        self._rows = cache(self._cut)
        self._firm = cache(self._judge)
        self._heard = cache(self._hear_rows)
        self._voice = cache(self._hear)
        self._transcript, self._text = transcript, text
        self._said = cache(self._read)
        self._words_and_voice = cache(self._hear_beside_words)

    def look(self, setting: Setting) -> Universe:
        """Draw all conclusions under one setting.

        The statistics are those of the main analysis, shifts and bootstrap draws included, so that
        the run's own setting gives the run's own figures.
        """
        faces, speech = self._faces[setting.face_model], self._speech[setting.speech_model]
        # Only a witness makes rows depend on the bridge.
        between = setting.bridge if faces.witness is not None else None
        cut = (
            setting.face_model,
            setting.smoothing_s,
            setting.min_interval_s,
            setting.abstention,
            between,
        )
        rows, chains = self._firm(*cut)
        emotion, share = _dominant(chains)
        emotion_s = float(chains.length_s.sum())
        rate = poisson_rate(int(transition_counts(chains).sum()), emotion_s)
        bridge = self._bridges[setting.bridge]
        face = face_sequence(rows, faces.labels, speech.labels, bridge)
        voice = self._voice(
            setting.speech_model, setting.face_model, setting.abstention, setting.bridge
        )
        joint = join(face, voice)
        figures, test, intervals = agreement(joint), shift_test(joint), block_bootstrap(joint)
        heard = self._heard(setting.speech_model, setting.bridge, *cut)
        comparisons = compare_intervals(rows, heard, faces.labels, speech.labels, bridge)
        return Universe(
            setting,
            dominant_emotion=emotion,
            dominant_share=share,
            emotion_s=emotion_s,
            transitions=rate.count,
            transitions_per_minute=rate.per_minute,
            rate_low=rate.low,
            rate_high=rate.high,
            mismatch=mismatch_figure(comparisons, bridge, figures, test, intervals),
            kappa=figures.kappa,
            words=self._agree(setting, rows),
        )

    def _agree(self, setting: Setting, rows: Sequence[VideoInterval]) -> WordsAgreement | None:
        """Rows of the face against voice and words; None without words."""
        bridge = self._bridges[setting.bridge]
        text = self._said(setting.abstention, setting.bridge)
        if text is None:
            return None
        face = face_modality(rows, self._faces[setting.face_model].labels, bridge)
        voice, kappa = self._words_and_voice(
            setting.speech_model, setting.abstention, setting.bridge
        )
        alike = in_common(face, voice, text)
        joint = three_way(alike)
        code = verdict(joint.agreement.test, joint.fleiss.interval)
        return WordsAgreement(
            kappa_face_text=agreement(joined(face, text)).kappa,
            kappa_voice_text=kappa,
            joint_share=joint.agreement.value,
            joint_expected=joint.agreement.expected,
            fleiss_kappa=joint.fleiss.value,
            joint_p=joint.agreement.test.p_value,
            verdict=code,
            departs=_departing(alike) if code in {"more", "less"} else None,
        )

    def _read(self, level: Level, bridge: str) -> Modality | None:
        firm = SpokenText.of(self._transcript, self._text, (), level).firm(self._text)
        if firm is None:
            return None
        return text_modality(firm, self._duration_s, self._bridges[bridge])

    def _hear_beside_words(
        self, model: str, level: Level, bridge: str
    ) -> tuple[Modality, float | None]:
        """The voice in its own labels, and its kappa with the words."""
        speech, by = self._speech[model], self._bridges[bridge]
        voice = voice_modality(speech, self._duration_s, by, firm_windows(speech, level, by))
        text = self._said(level, bridge)
        return voice, None if text is None else agreement(joined(voice, text)).kappa

    def _cut(
        self, model: str, smoothing_s: float, min_interval_s: float, between: str | None
    ) -> tuple[VideoInterval, ...]:
        varied = dataclasses.replace(
            self._settings.analysis, smoothing_s=smoothing_s, min_interval_s=min_interval_s
        )
        frames = self._frames[model]
        rows = with_evidence(frames, self._segmenters[model].rows(varied))
        if between is None:
            return rows
        return with_face_witness(frames, rows, self._bridges[between])

    def _judge(
        self,
        model: str,
        smoothing_s: float,
        min_interval_s: float,
        level: Level,
        between: str | None,
    ) -> tuple[tuple[VideoInterval, ...], Chains]:
        firm = abstain_faces(self._rows(model, smoothing_s, min_interval_s, between), level)
        return firm, unbroken_chains(firm)

    def _hear_rows(
        self,
        model: str,
        bridge: str,
        face_model: str,
        smoothing_s: float,
        min_interval_s: float,
        level: Level,
        between: str | None,
    ) -> tuple[AudioInterval, ...]:
        rows, _ = self._firm(face_model, smoothing_s, min_interval_s, level, between)
        spans = [row.span for row in rows]
        return hear_rows(
            self._speech[model], spans, self._settings.speech, level, self._bridges[bridge]
        )

    def _hear(self, model: str, face_model: str, level: Level, bridge: str) -> LabelSequence:
        speech = self._speech[model]
        return voice_sequence(
            speech,
            self._duration_s,
            self._faces[face_model].labels,
            self._bridges[bridge],
            firm_windows(speech, level, self._bridges[bridge]),
        )


def _effect(
    bridge: Bridge, face_labels: Sequence[str], voice_labels: Sequence[str]
) -> frozenset[tuple[frozenset[str], frozenset[str]]]:
    """Which labels of the face mean the same as which labels of the voice."""
    return frozenset(
        (
            frozenset(name for name in face_labels if bridge.shared(name) == shared),
            frozenset(name for name in voice_labels if bridge.shared(name) == shared),
        )
        for shared in bridge.shared_space(face_labels, voice_labels)
    )


def _departing(alike: Sequences) -> str | None:
    """Which modality departs most often from the other two; of equals, the first."""
    shares = {name: agreement(joint).disagreement for name, joint in departures(alike).items()}
    known = {name: share for name, share in shares.items() if share is not None}
    return max(known, key=lambda name: known[name]) if known else None


def _dominant(chains: Chains) -> tuple[str | None, float | None]:
    if len(chains) == 0:
        return None, None
    seconds = np.bincount(chains.label, chains.length_s, minlength=len(chains.labels))
    index = int(np.argmax(seconds >= seconds.max() - TIE_S))
    return chains.labels[index], float(seconds[index] / seconds.sum())
