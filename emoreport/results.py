"""Frozen types of the results of one talk, as the analysis computes them without any files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from emoreport.records import FaceTrack, LabelledSpan, RunRecord, Span, SpeechTrack
from emoreport.vocabulary import is_emotion


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number about a talk, with what is known of its uncertainty; None where unknown.

    Attributes
    ----------
    statistic
        Which number; a key of the words ``tables.statistic``.
    unit
        ``share``, ``seconds``, ``per_minute``, ``bits``, ``count``, ``distance``, ``coefficient``
        or ``probability``.
    value
        The number.
    low, high
        Its 95 % interval.
    expected
        What chance would give.
    count
        On how many events or intervals it rests.
    p_value, p_adjusted
        Of a test against chance; corrected for many tests by Holm's method.
    emotion, target
        Which emotion, or from which to which.
    scope
        ``all``, or the part of the time it is about: ``speaking``, ``pausing``.
    setting
        Settings other than those of the run, as ``name=value`` separated by blanks.
    verdict
        A code for what the number says (``more``, ``as_much``, ``less``, ``not_enough_data``, …).
    note
        A code for why something is unknown.
    """

    statistic: str
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    count: int | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    emotion: str | None = None
    target: str | None = None
    scope: str = "all"
    setting: str | None = None
    verdict: str | None = None
    note: str | None = None


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
    shared labels, 0–1, None where either distribution is missing.
    """

    span: Span
    video_emotion: str
    audio_emotion: str
    match: bool | None
    severity: float | None


@dataclass(frozen=True, slots=True)
class Transition:
    """How often `origin` was followed directly by `target`, and its share of departures."""

    origin: str
    target: str
    count: int
    probability: float


@dataclass(frozen=True, slots=True)
class MismatchFigure:
    """How much face and voice differ in one talk, beside what chance gives: one record for all.

    Share, seconds and expectation are of the rows of `Analysis.comparisons`. The test behind the
    verdict is made on the time of the voice windows, since rows would bias it: their lengths depend
    on the face.

    Attributes
    ----------
    mismatch_s
        Seconds of the rows in which the two differ.
    compared_s
        Seconds of the rows in which they could be compared.
    share
        `mismatch_s` over `compared_s`, 0–1; None where nothing could be compared.
    expected
        The share that the same rows would give if face and voice had nothing to do with each other
        and each kept its labels' shares of the time, 0–1.
    verdict
        Whether they differ more, as much or less than chance gives.
    note
        Why the verdict is ``not_enough_data``; None with any other verdict, or where there was
        enough to test and the test leaves it open.
    p_value
        Of the test, two-sided; None without one.
    """

    mismatch_s: float = 0.0
    compared_s: float = 0.0
    share: float | None = None
    expected: float | None = None
    verdict: str | None = None
    note: str | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """One row about one video: the columns of summary.csv."""

    video: str
    duration_s: float
    frames: int
    frame_rate_hz: float | None
    face_coverage: float
    speech_s: float
    intervals: int
    transitions: int
    transitions_per_minute: float | None
    mismatches: int
    mismatch: MismatchFigure
    dominant_video_emotion: str | None
    dominant_audio_emotion: str | None
    face_model: str
    speech_model: str
    emotion_s: float
    transitions_per_emotion_minute: float | None
    uncertain_s: float = 0.0
    judged_share: float | None = None
    kappa: float | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that the pure stage derives from the readings of one video.

    Attributes
    ----------
    video_intervals, audio_intervals, comparisons, transitions, summary
        The rows of the tables.
    voice_intervals
        The voice on spans of its own, which tile the recording.
    face_voice
        Face against voice, each cut on its own, wherever two of their rows meet.
    heard_windows
        Which voice window speaks when, in order of time; nothing where nobody speaks.
    transition_statistics, mismatch_statistics
        The numbers about the whole talk.
    acoustics
        How the voice sounds in the rows with speech; empty where that was not measured.
    seen_faces
        The face readings as the rows take them: less sure where a model is out of its depth.
    """

    video_intervals: tuple[VideoInterval, ...]
    audio_intervals: tuple[AudioInterval, ...]
    comparisons: tuple[Comparison, ...]
    transitions: tuple[Transition, ...]
    summary: Summary
    transition_statistics: tuple[Statistic, ...] = ()
    mismatch_statistics: tuple[Statistic, ...] = ()
    voice_intervals: tuple[AudioInterval, ...] = ()
    face_voice: tuple[Comparison, ...] = ()
    heard_windows: tuple[HeardWindow, ...] = ()
    acoustics: tuple[AcousticInterval, ...] = ()
    seen_faces: FaceTrack | None = field(default=None, compare=False, repr=False)

    @property
    def mismatches(self) -> tuple[Comparison, ...]:
        """Rows where both modalities give comparable emotions that differ."""
        return tuple(row for row in self.comparisons if row.match is False)

    @property
    def judged_speech_s(self) -> float:
        """Seconds of speech in the voice's own rows that name an emotion."""
        return float(sum(row.speech_s for row in self.voice_intervals if is_emotion(row.emotion)))


class Findings(Protocol):
    """What the page, the pictures and the exports are made of; `emoreport.Report` is it."""

    @property
    def analysis(self) -> Analysis:
        """Intervals, comparisons, transitions, statistics."""
        ...

    @property
    def faces(self) -> FaceTrack:
        """Readings of the face that the analysis rests on."""
        ...

    @property
    def speech(self) -> SpeechTrack:
        """Readings of the voice that the analysis rests on."""
        ...

    @property
    def run(self) -> RunRecord:
        """How the readings were made."""
        ...


# --------------------------------------------------------------------------- specification curve


@dataclass(frozen=True, slots=True)
class Mark:
    """What a dot means: name in the legend, colour, and rank among all meanings (sets its form)."""

    name: str
    colour: str
    rank: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One result over all settings.

    Attributes
    ----------
    label, heading, legend
        Words at the axis, above the panel, above the legend.
    values
        One per setting, in the order of the figure; None where it is not known.
    marks
        One per setting; None where the meaning is not known.
    line, line_name
        Height of a dashed line and its name.
    band, band_name
        Bounds of a shaded band and its name.
    from_zero
        Whether the axis begins at 0.
    """

    label: str
    heading: str
    legend: str
    values: Sequence[float | None]
    marks: Sequence[Mark | None]
    line: float | None = None
    line_name: str = ""
    band: tuple[float, float] | None = None
    band_name: str = ""
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting that varies: its name, what it may be, and what it is in each column."""

    name: str
    options: Sequence[str]
    chosen: Sequence[str]


@dataclass(frozen=True, slots=True)
class Curve:
    """The whole figure.

    Attributes
    ----------
    title, axis
        Words above and below.
    panels
        Results, from above.
    choices
        Settings, from above.
    own, own_name
        Column of the run's own setting, and what it is called.
    """

    title: str
    axis: str
    panels: Sequence[Panel]
    choices: Sequence[Choice]
    own: int
    own_name: str


def milliseconds(time_s: float) -> int:
    """Whole milliseconds of a time, rounded as the tables round it to three decimals."""
    return round(round(time_s, 3) * 1000.0)
