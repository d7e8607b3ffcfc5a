"""Rows of the tables: intervals of face and voice with their evidence, and their comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emoreport.records import LabelledSpan, Span


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """What the label of one row of the face rests on; None where it is not known.

    Means are weighted by the seconds that each frame with a usable face is on screen.

    Attributes
    ----------
    face_coverage
        Share of the row with a usable face, 0–1.
    mean_score, worst_score
        Detection score, 0–1.
    face_px
        Median side of the face box, √(width × height), pixels of the upright frame.
    yaw_deg, pitch_deg
        Mean of the absolute head angles where the detector gives them.
    head_turn
        Mean turn of the head in units of what the face model bears; beyond 1 it is too much.
    distance
        From what the face model was trained on, mean; beyond 1 it is unlike that.
    sharpness
        Median variance of the Laplacian of the face crop. Comparable within one recording only.
    relative_sharpness
        `sharpness` over the median of all faces of the recording.
    frame_entropy
        Mean entropy of the frames' probabilities over log K, 0–1.
    entropy
        Entropy of the row's mean probabilities over log K, 0–1: larger than `frame_entropy` where
        the frames disagree.
    margin
        Mean probability of the row's label less the largest other one. Negative where smoothing or
        a shortest row gave the label to an emotion that does not lead. For rows without an emotion,
        the largest less the second.
    contradiction
        How far apart the distributions of the two models are, 0–1, where both are firm and name
        different emotions; None everywhere else.
    of_shortest
        As in `VideoInterval`.
    """

    face_coverage: float
    mean_score: float | None
    worst_score: float | None
    face_px: float | None
    yaw_deg: float | None
    pitch_deg: float | None
    sharpness: float | None
    relative_sharpness: float | None
    frame_entropy: float | None
    entropy: float | None
    margin: float | None
    head_turn: float | None = None
    distance: float | None = None
    contradiction: float | None = None
    of_shortest: float | None = None


@dataclass(frozen=True, slots=True)
class VoiceEvidence:
    """What the label of one row of the voice rests on; None where it is not known.

    Attributes
    ----------
    speech_s
        Detected speech inside the row, seconds.
    window_speech_s
        Detected speech in what the model heard: the row, widened about its centre to the length
        of a voice window if it is shorter.
    snr_db
        Signal-to-noise ratio, mean over the voice windows that overlap the row, weighted by the
        seconds of speech that they share with what the model heard.
    clipping
        Share of the samples with speech at the limit of the scale, 0–1, same mean.
    entropy
        Entropy of the row's probabilities over log K, 0–1.
    margin
        As in `FaceEvidence`.
    contradiction
        As in `FaceEvidence`.
    leading_share
        Share, by seconds of speech, of the windows that name the row's label themselves, 0–1; of a
        row without an emotion, the label that leads in its mean. The windows and their weights
        are those of its probabilities.
    firm_leading_share
        The same of the windows alone that rest on enough by themselves; None unless two of these
        name different labels.
    distance
        From what the model was trained on, same mean as `snr_db`; beyond 1 it is unlike that.
    """

    speech_s: float
    window_speech_s: float
    snr_db: float | None
    clipping: float | None
    entropy: float | None
    margin: float | None
    contradiction: float | None = None
    leading_share: float | None = None
    firm_leading_share: float | None = None
    distance: float | None = None


@dataclass(frozen=True, slots=True)
class WitnessVerdict:
    """What a second model says of a row.

    Attributes
    ----------
    emotion
        Its label with the largest mean probability.
    agreement
        1 less the total variation distance of the two models' distributions over the labels that
        they share, 0–1; None where they share none.
    """

    emotion: str
    agreement: float | None


@dataclass(frozen=True, slots=True)
class CompoundScores:
    """Compound scores of one row.

    Attributes
    ----------
    scores
        Means of two probabilities, 0–1, in the order of `analysis.rows.compounds.COMPOUND_NAMES`;
        they sum to no fixed value. None where the row has no distribution or the model lacks one of
        the two emotions.
    leading
        Name of the largest score; of equals, the first. None where no score is known.
    """

    scores: tuple[float | None, ...]
    leading: str | None


@dataclass(frozen=True, slots=True)
class HeadInterval:
    """One row of head_intervals: what a trained head says over a span.

    Attributes
    ----------
    span
        Where it holds.
    label
        A class, or an action unit that is active; spans of different units overlap.
    confidence
        Its mean probability over the span, 0–1.
    """

    span: Span
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class VideoInterval(LabelledSpan):
    """One row of video_intervals: what the face showed over a span.

    Attributes
    ----------
    confidence
        Mean probability of `emotion`, 0–1; None where no emotion is given.
    face_coverage
        Share of the span with a usable face, 0–1.
    frames
        Analysed frames in the span.
    distribution
        Mean probability per face label (K,); None for rows without an emotion.
    valence, arousal
        [-1, 1]; None where not known.
    dimensions
        ``model`` or ``derived``: where valence and arousal come from.
    evidence
        What the label rests on; None where it was not collected.
    reasons
        Codes of the limits that made the row `uncertain`; empty for other rows.
    z
        Mean probability per face label in units of the speaker's baseline; empty without one.
    compounds
        Scores of compound expressions; None where they were not asked for.
    speaking
        Of a piece of a row: whether it is in detected speech or in a pause; None for whole rows.
    witness
        What a second model says of the row; None without one, and for rows without an emotion but
        those that became `uncertain` by its contradiction.
    shot
        Number of the shot that the row is in, from 1; None where nobody looked for cuts.
    after_cut
        Whether a cut before the row breaks the chain of transitions.
    of_shortest
        Where a cut made the row shorter than the shortest row: its length in units of that.
    """

    confidence: float | None
    face_coverage: float
    frames: int
    distribution: tuple[float, ...] | None = None
    valence: float | None = None
    arousal: float | None = None
    dimensions: str = "derived"
    evidence: FaceEvidence | None = None
    reasons: tuple[str, ...] = ()
    z: tuple[float | None, ...] = ()
    compounds: CompoundScores | None = None
    speaking: bool | None = None
    witness: WitnessVerdict | None = None
    shot: int | None = None
    after_cut: bool = False
    of_shortest: float | None = None


@dataclass(frozen=True, slots=True)
class AudioInterval(LabelledSpan):
    """One row of the voice: in audio_intervals over a row of the face, in voice_intervals its own.

    Attributes
    ----------
    speech_s
        Detected speech inside the row, seconds.
    confidence, distribution, valence, arousal, evidence, reasons, z, witness
        As in `VideoInterval`, of the voice model; valence and arousal are derived.
    intensity
        How intense the voice is, 0–1: mean over the windows of the row, weighted by seconds of
        speech; None where no window of it was measured.
    intensity_vs_own
        That less its median over the voice windows of the recording.
    shot
        As in `VideoInterval`; None for the voice's own rows, which know no cuts.
    speaker
        Who speaks longest in the row: a person's name or key, ``off_screen`` or ``unknown``; None
        where nobody speaks, and where nobody asked.
    """

    confidence: float | None
    speech_s: float
    distribution: tuple[float, ...] | None = None
    valence: float | None = None
    arousal: float | None = None
    evidence: VoiceEvidence | None = None
    reasons: tuple[str, ...] = ()
    z: tuple[float | None, ...] = ()
    witness: WitnessVerdict | None = None
    intensity: float | None = None
    intensity_vs_own: float | None = None
    shot: int | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class HeardWindow:
    """A stretch of detected speech with the probabilities of the voice window that speaks for it.

    The probabilities (K,) are those that the rows of the voice are made from.
    """

    span: Span
    distribution: tuple[float, ...]


def voice_steps(
    heard: Sequence[HeardWindow],
) -> tuple[list[float], list[tuple[float, ...] | None]]:
    """Bounds of stretches that touch each other (N + 1), and the probabilities of each (N).

    None stands between them where nobody speaks.
    """
    edges_s = [piece.span.start_s for piece in heard[:1]] or [0.0]
    shown: list[tuple[float, ...] | None] = []
    for piece in heard:
        if piece.span.start_s > edges_s[-1]:
            edges_s.append(piece.span.start_s)
            shown.append(None)
        edges_s.append(piece.span.end_s)
        shown.append(piece.distribution)
    return edges_s, shown


@dataclass(frozen=True, slots=True)
class AcousticInterval:
    """One row of acoustics: how the voice sounds over the span of a row with speech.

    Unknown measures are None. What ends in ``_vs_own`` compares with the median over the voice
    windows of the recording.

    Attributes
    ----------
    speech_s
        Detected speech inside the row, seconds.
    f0_median_hz, f0_range_st
        Median pitch, hertz, and its 5th to 95th percentile, semitones.
    loudness_db
        Root mean square of the voiced frames, decibels below full scale.
    voiced_share
        Share of the speech that is voiced, 0–1.
    jitter, shimmer
        Mean change of period and of amplitude from one glottal cycle to the next, over their mean.
    syllables_per_s
        Syllable nuclei per second of speech.
    pauses, pause_s
        Gaps in the speech that begin in the row, and the seconds of such gaps inside it.
    f0_median_vs_own_st, f0_range_vs_own_st, loudness_vs_own_db, voiced_share_vs_own
        Differences.
    jitter_vs_own, shimmer_vs_own, syllables_vs_own
        Ratios.
    """

    span: Span
    speech_s: float
    f0_median_hz: float | None
    f0_range_st: float | None
    loudness_db: float | None
    voiced_share: float | None
    jitter: float | None
    shimmer: float | None
    syllables_per_s: float | None
    pauses: int
    pause_s: float
    f0_median_vs_own_st: float | None
    f0_range_vs_own_st: float | None
    loudness_vs_own_db: float | None
    voiced_share_vs_own: float | None
    jitter_vs_own: float | None
    shimmer_vs_own: float | None
    syllables_vs_own: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Face against voice over one interval, or over what two rows of theirs have in common.

    `match` is None where the two cannot be compared (a gap, silence, or a label without a
    partner in the other model's set). `severity` is the total variation distance over the
    shared labels, 0–1, None where either distribution is missing. `text` are the words that are
    said in it; None where there is none, or no transcript. `text_emotion` is what they say; None
    likewise, and where no model read them. `shot` is as in `VideoInterval`.
    `not_compared` is one of `NOT_COMPARED` where the voice is somebody else's than the face:
    `match` and `severity` are None there.
    """

    span: Span
    video_emotion: str
    audio_emotion: str
    match: bool | None
    severity: float | None
    text: str | None = None
    text_emotion: str | None = None
    shot: int | None = None
    not_compared: str | None = None


def seconds_by_label(rows: Iterable[LabelledSpan]) -> dict[str, float]:
    """Seconds of each label of rows, in the order in which the labels come."""
    seconds: dict[str, float] = {}
    for row in rows:
        seconds[row.emotion] = seconds.get(row.emotion, 0.0) + row.span.duration_s
    return seconds


def milliseconds(time_s: float) -> int:
    """Whole milliseconds of a time, rounded as the tables round it to three decimals."""
    return round(round(time_s, 3) * 1000.0)
