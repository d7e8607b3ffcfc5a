"""Every column of every file, declared once: name, kind, order, key of its description, value.

CSV, DataFrame, workbook, Parquet, dictionary and docs/tables.md derive from this list. A new column
of a table is a line here and its description in the messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from emoreport.results import AudioInterval, VideoInterval
from emoreport.tables.action_columns import ACTION_EVENTS, ACTION_INTERVALS, ACTION_SUMMARY
from emoreport.tables.codes import (
    CODES,
    COMPOUND,
    DIMENSIONS,
    MEASURE,
    MODALITIES,
    NOTE,
    PLACED,
    REASON,
    SCOPE,
    STATISTIC,
    VERDICT,
)
from emoreport.tables.schema import DURATION, END, START, Column, Kind, Table, value_at
from emoreport.vocabulary import PROBABILITY_PREFIX, WITNESS_PREFIX

DEVIATION_PREFIX: Final = "z_"


def _class_value(path: str, index: int) -> Callable[[Any], object]:
    """One of a row's values per class; None for rows that have none."""

    def value(row: Any) -> object:  # noqa: ANN401 - a row of any table
        values = value_at(row, path)
        return values[index] if values else None

    return value


def _source_of_dimensions(row: VideoInterval | AudioInterval) -> str | None:
    if row.valence is None and row.arousal is None:
        return None
    return row.dimensions if isinstance(row, VideoInterval) else "derived"


SPEAKER: Final = Column("spoken_by", Kind.TEXT, "speaker", get="speaker")
NOT_COMPARED: Final = Column(
    "not_compared_because", Kind.CODE, "not_compared", codes=REASON, get="not_compared"
)
SHOT: Final = Column("shot", Kind.COUNT, "interval_shot")
"""At the end of the tables whose rows follow the face."""
PERSON: Final = Column("person", Kind.TEXT, "interval_person", is_of_talk=True)
"""At the end of the tables of intervals, the same in all rows."""
VIDEO_EMOTION: Final = Column("video_emotion", Kind.LABEL, "video_emotion")
AUDIO_EMOTION: Final = Column("audio_emotion", Kind.LABEL, "audio_emotion")

VIDEO_INTERVALS: Final = Table(
    "video_intervals",
    (
        Column("emotion", Kind.LABEL, "video_emotion"),
        START,
        END,
        DURATION,
        Column("confidence", Kind.SHARE, "video_confidence"),
        Column("face_coverage", Kind.SHARE, "interval_face_coverage"),
        Column("frames", Kind.COUNT, "interval_frames"),
    ),
    rows=attrgetter("video_intervals"),
)
AUDIO_INTERVALS: Final = Table(
    "audio_intervals",
    (
        Column("emotion", Kind.LABEL, "audio_emotion"),
        START,
        END,
        DURATION,
        Column("confidence", Kind.SHARE, "audio_confidence"),
        Column("speech_seconds", Kind.SECONDS, "interval_speech_seconds", get="speech_s"),
    ),
    rows=attrgetter("audio_intervals"),
)
INTENSITY: Final = Column("intensity", Kind.SHARE, "interval_intensity")
INTENSITY_VS_OWN: Final = Column("intensity_vs_own", Kind.SIGNED, "intensity_vs_own")
VOICE_INTERVALS: Final = Table(
    "voice_intervals",
    (
        Column("emotion", Kind.LABEL, "voice_emotion"),
        START,
        END,
        DURATION,
        Column("confidence", Kind.SHARE, "voice_confidence"),
        Column("speech_seconds", Kind.SECONDS, "interval_speech_seconds", get="speech_s"),
        INTENSITY,
    ),
    rows=attrgetter("voice_intervals"),
)
MODALITY_MISMATCH: Final = Table(
    "modality_mismatch",
    (
        START,
        END,
        VIDEO_EMOTION,
        AUDIO_EMOTION,
        DURATION,
        Column("severity", Kind.DISTANCE, "severity"),
    ),
    rows=attrgetter("mismatches"),
)
MODALITY_DURATION: Final = Table(
    "modality_duration",
    (
        DURATION,
        START,
        END,
        VIDEO_EMOTION,
        AUDIO_EMOTION,
        Column("match", Kind.BOOLEAN, "match"),
    ),
    rows=attrgetter("comparisons"),
)
FACE_VOICE: Final = Table(
    "face_voice",
    (
        START,
        END,
        DURATION,
        Column("face_emotion", Kind.LABEL, "video_emotion", get="video_emotion"),
        Column("voice_emotion", Kind.LABEL, "voice_emotion", get="audio_emotion"),
        Column("match", Kind.BOOLEAN, "match"),
        Column("severity", Kind.DISTANCE, "piece_severity", get="severity"),
    ),
    rows=attrgetter("face_voice"),
)
TRANSITIONS: Final = Table(
    "transitions",
    (
        Column("from", Kind.LABEL, "transition_from", get="origin"),
        Column("to", Kind.LABEL, "transition_to", get="target"),
        Column("count", Kind.COUNT, "transition_count"),
        Column("probability", Kind.SHARE, "transition_probability"),
    ),
    rows=attrgetter("transitions"),
)
SUMMARY: Final = Table(
    "summary",
    (
        Column("video", Kind.TEXT, "video"),
        Column("duration", Kind.SECONDS, "recording_duration", get="duration_s"),
        Column("frames", Kind.COUNT, "recording_frames"),
        Column("frame_rate", Kind.PER_SECOND, "frame_rate", get="frame_rate_hz"),
        Column("face_coverage", Kind.SHARE, "recording_face_coverage"),
        Column("speech_seconds", Kind.SECONDS, "recording_speech_seconds", get="speech_s"),
        Column("intervals", Kind.COUNT, "intervals"),
        Column("transitions", Kind.COUNT, "transitions"),
        Column("transitions_per_minute", Kind.PER_MINUTE, "transitions_per_minute"),
        Column("mismatches", Kind.COUNT, "mismatches"),
        Column("mismatch_seconds", Kind.SECONDS, "mismatch_seconds", get="mismatch.mismatch_s"),
        Column("mismatch_share", Kind.SHARE, "mismatch_share", get="mismatch.share"),
        Column("dominant_video_emotion", Kind.LABEL, "dominant_video_emotion"),
        Column("dominant_audio_emotion", Kind.LABEL, "dominant_audio_emotion"),
        Column("face_model", Kind.TEXT, "face_model"),
        Column("speech_model", Kind.TEXT, "speech_model"),
        Column("compared_seconds", Kind.SECONDS, "compared_seconds", get="mismatch.compared_s"),
        Column("emotion_seconds", Kind.SECONDS, "emotion_seconds", get="emotion_s"),
        Column("transitions_per_emotion_minute", Kind.PER_MINUTE, "transitions_per_emotion_minute"),
        Column("uncertain_seconds", Kind.SECONDS, "uncertain_seconds", get="uncertain_s"),
        Column("judged_share", Kind.SHARE, "judged_share"),
        Column("kappa", Kind.SIGNED, "kappa"),
        Column(
            "expected_mismatch_share",
            Kind.SHARE,
            "expected_mismatch_share",
            get="mismatch.expected",
        ),
        Column("mismatch_p_value", Kind.P_VALUE, "mismatch_p_value", get="mismatch.p_value"),
        Column(
            "mismatch_verdict",
            Kind.CODE,
            "mismatch_verdict",
            codes=VERDICT,
            get="mismatch.verdict",
        ),
        Column("mismatch_note", Kind.CODE, "mismatch_note", codes=NOTE, get="mismatch.note"),
    ),
    rows=lambda analysis: (analysis.summary,),
)
PEOPLE: Final = Table(
    "people",
    (
        Column("person", Kind.TEXT, "people_person"),
        Column("seconds", Kind.SECONDS, "people_seconds"),
        Column("share", Kind.SHARE, "people_share"),
        Column("speaking_seconds", Kind.SECONDS, "people_speaking", get="speaking_s"),
        Column("dominant_emotion", Kind.LABEL, "people_dominant"),
        Column("first_seen", Kind.SECONDS, "people_first_seen", get="first_seen_s"),
        Column("key", Kind.TEXT, "people_key"),
        Column("chosen", Kind.BOOLEAN, "people_chosen", get="is_chosen"),
    ),
    rows=attrgetter("people"),
)
STATISTIC_START: Final = (
    Column("statistic", Kind.CODE, "statistic", codes=STATISTIC),
    Column("emotion", Kind.LABEL, "statistic_emotion"),
)
STATISTIC_VALUES: Final = (
    Column("value", Kind.NUMBER, "statistic_value"),
    Column("low", Kind.NUMBER, "statistic_low"),
    Column("high", Kind.NUMBER, "statistic_high"),
    Column("expected", Kind.NUMBER, "statistic_expected"),
    Column("count", Kind.COUNT, "statistic_count"),
    Column("p_value", Kind.P_VALUE, "statistic_p_value"),
)
STATISTIC_SCOPE: Final = Column("scope", Kind.CODE, "statistic_scope", codes=SCOPE)
STATISTIC_END: Final = (
    Column("unit", Kind.CODE, "statistic_unit", codes=MEASURE),
    Column("note", Kind.CODE, "statistic_note", codes=NOTE),
)
TRANSITION_STATISTICS: Final = Table(
    "transition_statistics",
    (
        *STATISTIC_START,
        Column("to", Kind.LABEL, "statistic_to", get="target"),
        STATISTIC_SCOPE,
        Column("setting", Kind.TEXT, "statistic_setting"),
        *STATISTIC_VALUES,
        Column("p_adjusted", Kind.P_VALUE, "statistic_p_adjusted"),
        *STATISTIC_END,
    ),
    rows=attrgetter("transition_statistics"),
)
MISMATCH_STATISTICS: Final = Table(
    "mismatch_statistics",
    (
        *STATISTIC_START,
        STATISTIC_SCOPE,
        *STATISTIC_VALUES,
        Column("verdict", Kind.CODE, "statistic_verdict", codes=VERDICT),
        *STATISTIC_END,
    ),
    rows=attrgetter("mismatch_statistics"),
)
MODALITY_STATISTICS: Final = Table(
    "modalities",
    (
        Column("statistic", Kind.CODE, "statistic", codes=STATISTIC),
        Column("modalities", Kind.CODE, "statistic_modalities", codes=MODALITIES),
        Column("emotion", Kind.LABEL, "statistic_emotion"),
        Column("value", Kind.NUMBER, "statistic_value"),
        Column("expected", Kind.NUMBER, "statistic_expected"),
        Column("low", Kind.NUMBER, "statistic_low"),
        Column("high", Kind.NUMBER, "statistic_high"),
        Column("p_value", Kind.P_VALUE, "statistic_p_value"),
        Column("seconds", Kind.SECONDS, "statistic_seconds"),
        Column("rows", Kind.COUNT, "statistic_rows"),
        *STATISTIC_END,
    ),
    rows=attrgetter("modality_statistics"),
)
COMPOUND_EMOTIONS: Final = Table(
    "compound_emotions",
    (
        START,
        END,
        Column("emotion", Kind.LABEL, "video_emotion"),
        Column("leading", Kind.CODE, "compound_leading", codes=COMPOUND, get="compounds.leading"),
        *(
            Column(
                name,
                Kind.SHARE,
                "compound_score",
                name,
                COMPOUND,
                _class_value("compounds.scores", index),
            )
            for index, name in enumerate(CODES[COMPOUND])
        ),
    ),
    rows=attrgetter("video_intervals"),
)
ACOUSTIC_MEASURES: Final = (
    Column("f0_median_hz", Kind.HERTZ, "f0_median"),
    Column("f0_range_st", Kind.SEMITONES, "f0_range"),
    Column("loudness_db", Kind.DECIBELS, "loudness"),
    Column("voiced_share", Kind.SHARE, "voiced_share"),
    Column("syllables_per_s", Kind.PER_SECOND, "syllables"),
    Column("jitter", Kind.DISTANCE, "jitter"),
    Column("shimmer", Kind.DISTANCE, "shimmer"),
)
ACOUSTICS: Final = Table(
    "acoustics",
    (
        START,
        END,
        Column("speech_seconds", Kind.SECONDS, "interval_speech_seconds", get="speech_s"),
        *ACOUSTIC_MEASURES,
        Column("pauses", Kind.COUNT, "pauses"),
        Column("pause_s", Kind.SECONDS, "pause_seconds"),
        Column("f0_median_vs_own_st", Kind.SEMITONES, "f0_median_vs_own"),
        Column("f0_range_vs_own_st", Kind.SEMITONES, "f0_range_vs_own"),
        Column("loudness_vs_own_db", Kind.DECIBELS, "loudness_vs_own"),
        Column("voiced_share_vs_own", Kind.SIGNED, "voiced_share_vs_own"),
        Column("syllables_vs_own", Kind.NUMBER, "syllables_vs_own"),
        Column("jitter_vs_own", Kind.NUMBER, "jitter_vs_own"),
        Column("shimmer_vs_own", Kind.NUMBER, "shimmer_vs_own"),
    ),
    rows=attrgetter("acoustics"),
    lead=5 + len(ACOUSTIC_MEASURES),
)
HEAD_NAME: Final = "head_intervals"
ENGAGEMENT: Final = "engagement"
"""Task of a head whose table is called after it."""
HEAD_LABELS: Final = {
    "expr": Column("emotion", Kind.LABEL, "head_emotion", get="label"),
    "au": Column("action_unit", Kind.TEXT, "head_action_unit", get="label"),
    "clips": Column("label", Kind.TEXT, "head_class", get="label"),
    ENGAGEMENT: Column("label", Kind.TEXT, "head_class", get="label"),
}
"""First column of the rows of a trained head, by its task; of other tasks, that of ``clips``."""


def head_intervals_table(task: str) -> Table:
    """Columns of the table of a head of this task."""
    rest = (START, END, DURATION, Column("confidence", Kind.SHARE, "head_confidence"))
    first = HEAD_LABELS.get(task, HEAD_LABELS["clips"])
    name = ENGAGEMENT if task == ENGAGEMENT else HEAD_NAME
    return Table(name, (first, *rest), rows=attrgetter("head_intervals"))


SPOKEN_TEXT: Final = Column("text", Kind.TEXT, "spoken_text")
"""At the end of the tables of comparisons where there is a transcript."""
TEXT_EMOTION: Final = Column("text_emotion", Kind.LABEL, "text_emotion")
"""Before it, where a model read the words."""
WORD_CONFIDENCE: Final = Column("confidence", Kind.SHARE, "word_confidence")
WORD_AFTER: Final = Column("after", Kind.TEXT, "word_after")
WORD_PLACED: Final = Column("placed", Kind.CODE, "word_placed", codes=PLACED)
WORD_LINE: Final = Column("line", Kind.COUNT, "word_line")
WORDS: Final = Table(
    "words",
    (
        Column("word", Kind.TEXT, "word"),
        START,
        END,
        WORD_CONFIDENCE,
        Column("interval", Kind.COUNT, "word_interval"),
        WORD_AFTER,
        WORD_PLACED,
        WORD_LINE,
    ),
    rows=attrgetter("words"),
    lead=5,
)
WORD_READINGS: Final = Table(
    "words",
    (
        Column("word", Kind.TEXT, "word"),
        WORD_AFTER,
        Column("start_s", Kind.SECONDS, "start"),
        Column("end_s", Kind.SECONDS, "end"),
        WORD_CONFIDENCE,
        WORD_PLACED,
        WORD_LINE,
        Column("filled_pause", Kind.BOOLEAN, "filled_pause"),
    ),
)
"""words.parquet: the words of the transcript without the rows that they are said in."""
TEXT_READINGS_START: Final = (
    Column("start_s", Kind.SECONDS, "start"),
    Column("end_s", Kind.SECONDS, "end"),
    Column("first_word", Kind.COUNT, "clause_first"),
    Column("words", Kind.COUNT, "clause_words"),
)
SPEECH_RATE: Final = Table(
    "speech_rate",
    (
        Column("interval", Kind.COUNT, "rate_interval"),
        START,
        END,
        Column("words", Kind.COUNT, "rate_words"),
        Column("speech_seconds", Kind.SECONDS, "interval_speech_seconds", get="speech_s"),
        Column("words_per_minute", Kind.PER_MINUTE, "words_per_minute"),
        Column("articulation_rate", Kind.PER_SECOND, "syllables"),
        Column("pauses", Kind.COUNT, "pauses"),
        Column("pause_seconds", Kind.SECONDS, "pause_seconds", get="pause_s"),
        Column("mean_pause", Kind.SECONDS, "mean_pause", get="mean_pause_s"),
        Column("filled_pauses", Kind.COUNT, "filled_pauses"),
        Column("filled_pause_seconds", Kind.SECONDS, "filled_seconds", get="filled_pause_s"),
        Column("mean_filled_pause", Kind.SECONDS, "mean_filled", get="mean_filled_pause_s"),
    ),
    rows=attrgetter("speech_rates"),
)

DIMENSION_COLUMN: Final = Column(
    "dimensions", Kind.CODE, "dimensions", codes=DIMENSIONS, get=_source_of_dimensions
)
UNCERTAIN_BECAUSE: Final = Column(
    "uncertain_because",
    Kind.CODE,
    "uncertain_because",
    codes=REASON,
    get=lambda row: " ".join(row.reasons) or None,
)
WITNESS: Final = (
    Column("witness_emotion", Kind.LABEL, "witness_emotion", get="witness.emotion"),
    Column("witness_agreement", Kind.SHARE, "witness_agreement", get="witness.agreement"),
)
_TEXT_LEAD: Final = (
    START,
    END,
    DURATION,
    Column("confidence", Kind.SHARE, "text_confidence"),
    Column("words", Kind.COUNT, "text_words"),
    Column("text", Kind.TEXT, "text_text"),
)
TEXT_INTERVALS: Final = Table(
    "text_intervals",
    (Column("emotion", Kind.LABEL, "text_emotion"), *_TEXT_LEAD),
    rows=attrgetter("text_intervals"),
)
TEXT_CLAUSES: Final = Table(
    "text_clauses",
    (Column("emotion", Kind.LABEL, "clause_emotion"), *_TEXT_LEAD),
    rows=attrgetter("text_clauses"),
)
TEXT_EVIDENCE: Final = (
    Column("judged_words", Kind.COUNT, "judged_words", get="evidence.judged_words"),
    Column("entropy", Kind.DISTANCE, "text_entropy", get="evidence.entropy"),
    Column("margin", Kind.SIGNED, "text_margin", get="evidence.margin"),
    UNCERTAIN_BECAUSE,
)
VIDEO_EVIDENCE: Final = (
    Column("valence", Kind.SIGNED, "interval_valence"),
    Column("arousal", Kind.SIGNED, "interval_arousal"),
    DIMENSION_COLUMN,
    Column("detection_score", Kind.SHARE, "interval_detection_score", get="evidence.mean_score"),
    Column(
        "worst_detection_score", Kind.SHARE, "worst_detection_score", get="evidence.worst_score"
    ),
    Column("face_px", Kind.PIXELS, "face_px", get="evidence.face_px"),
    Column("yaw_deg", Kind.DEGREES, "interval_yaw", get="evidence.yaw_deg"),
    Column("pitch_deg", Kind.DEGREES, "interval_pitch", get="evidence.pitch_deg"),
    Column("sharpness", Kind.NUMBER, "sharpness", get="evidence.sharpness"),
    Column(
        "relative_sharpness", Kind.NUMBER, "relative_sharpness", get="evidence.relative_sharpness"
    ),
    Column("frame_entropy", Kind.DISTANCE, "frame_entropy", get="evidence.frame_entropy"),
    Column("entropy", Kind.DISTANCE, "video_entropy", get="evidence.entropy"),
    Column("margin", Kind.SIGNED, "video_margin", get="evidence.margin"),
    UNCERTAIN_BECAUSE,
    *WITNESS,
    Column("head_turn", Kind.NUMBER, "interval_head_turn", get="evidence.head_turn"),
    Column("distance", Kind.NUMBER, "face_distance", get="evidence.distance"),
)
LEADING_SHARE: Final = Column(
    "leading_share", Kind.SHARE, "leading_share", get="evidence.leading_share"
)


def _voice_evidence(margin: str) -> tuple[Column, ...]:
    """What a row of the voice rests on; `margin` is the key of the words for its lead."""
    return (
        Column("valence", Kind.SIGNED, "audio_valence"),
        Column("arousal", Kind.SIGNED, "audio_arousal"),
        DIMENSION_COLUMN,
        Column(
            "window_speech_seconds",
            Kind.SECONDS,
            "interval_window_speech",
            get="evidence.window_speech_s",
        ),
        Column("snr_db", Kind.DECIBELS, "interval_snr", get="evidence.snr_db"),
        Column("clipping", Kind.SHARE, "interval_clipping", get="evidence.clipping"),
        Column("entropy", Kind.DISTANCE, "audio_entropy", get="evidence.entropy"),
        Column("margin", Kind.SIGNED, margin, get="evidence.margin"),
        UNCERTAIN_BECAUSE,
        *WITNESS,
        LEADING_SHARE,
    )


AWAY: Final = Column("distance", Kind.NUMBER, "interval_distance", get="evidence.distance")
AUDIO_EVIDENCE: Final = (*_voice_evidence("audio_margin"), INTENSITY, AWAY, INTENSITY_VS_OWN)
VOICE_EVIDENCE: Final = (*_voice_evidence("voice_margin"), AWAY, INTENSITY_VS_OWN)
FRAMES_START: Final = (
    Column("time_s", Kind.SECONDS, "frame_time"),
    Column("frame", Kind.COUNT, "frame_index"),
    Column("faces", Kind.COUNT, "frame_faces"),
    Column("x", Kind.PIXELS, "box_x"),
    Column("y", Kind.PIXELS, "box_y"),
    Column("width", Kind.PIXELS, "box_width"),
    Column("height", Kind.PIXELS, "box_height"),
    Column("detection_score", Kind.SHARE, "detection_score"),
)
FRAME_SHOT: Final = Column("shot", Kind.COUNT, "frame_shot")
FRAME_EMOTION: Final = Column("emotion", Kind.LABEL, "frame_emotion")
VALENCE: Final = Column("valence", Kind.SIGNED, "frame_valence")
AROUSAL: Final = Column("arousal", Kind.SIGNED, "frame_arousal")
SPEECH_START: Final = (
    Column("start_s", Kind.SECONDS, "window_start"),
    Column("end_s", Kind.SECONDS, "window_end"),
    Column("speech_seconds", Kind.SECONDS, "window_speech_seconds"),
)
SPEECH_SPANS: Final = Column("speech_spans", Kind.SPANS, "speech_spans")
SOUND: Final = Table(
    "sound",
    (
        Column("time_s", Kind.SECONDS, "sound_time"),
        Column("f0_hz", Kind.HERTZ, "sound_f0"),
        Column("level_db", Kind.DECIBELS, "sound_level"),
    ),
)
FEATURES: Final = Table(
    "features",
    (
        Column("time_s", Kind.SECONDS, "feature_time"),
        Column("kind", Kind.TEXT, "feature_kind"),
        Column("person", Kind.TEXT, "feature_person"),
        Column("f0 … f<N>", Kind.NUMBER, "feature_value"),
        Column("egemaps_<name>", Kind.NUMBER, "feature_measure"),
        Column("end_s", Kind.SECONDS, "feature_end"),
        Column("frame", Kind.COUNT, "feature_frame"),
        Column("openface_<name>, pyfeat_<name>", Kind.NUMBER, "feature_joined"),
    ),
)
DESCRIBED_EXTRAS: Final = {
    "yaw_deg": Column("yaw_deg", Kind.DEGREES, "yaw"),
    "pitch_deg": Column("pitch_deg", Kind.DEGREES, "pitch"),
    "roll_deg": Column("roll_deg", Kind.DEGREES, "action_roll"),
    "valence_raw": Column("valence_raw", Kind.NUMBER, "valence_raw"),
    "arousal_raw": Column("arousal_raw", Kind.NUMBER, "arousal_raw"),
    "snr_db": Column("snr_db", Kind.DECIBELS, "window_snr"),
    "clipping": Column("clipping", Kind.SHARE, "window_clipping"),
    "intensity": Column("intensity", Kind.SHARE, "window_intensity"),
    "head_turn": Column("head_turn", Kind.NUMBER, "head_turn"),
    "mouth_motion": Column("mouth_motion", Kind.NUMBER, "mouth_motion"),
    "distance": Column("distance", Kind.NUMBER, "reading_distance"),
    "witness_intensity": Column("witness_intensity", Kind.SHARE, "witness_intensity"),
    "witness_distance": Column("witness_distance", Kind.NUMBER, "witness_distance"),
    **{column.name: column for column in ACOUSTIC_MEASURES},
}
"""Further columns of the readings that have a description of their own."""

TABLE_NAMES: Final = (
    VIDEO_INTERVALS.name,
    AUDIO_INTERVALS.name,
    VOICE_INTERVALS.name,
    MODALITY_MISMATCH.name,
    MODALITY_DURATION.name,
    FACE_VOICE.name,
    TRANSITIONS.name,
    SUMMARY.name,
    TRANSITION_STATISTICS.name,
    MISMATCH_STATISTICS.name,
    PEOPLE.name,
)
"""The tables that every video has."""
OPTIONAL_NAMES: Final = (
    COMPOUND_EMOTIONS.name,
    ACOUSTICS.name,
    HEAD_NAME,
    ENGAGEMENT,
    WORDS.name,
    SPEECH_RATE.name,
    TEXT_INTERVALS.name,
    TEXT_CLAUSES.name,
    MODALITY_STATISTICS.name,
    ACTION_INTERVALS.name,
    ACTION_EVENTS.name,
    ACTION_SUMMARY.name,
)
"""The tables that a video has where they were asked for."""


def result_tables(
    face_labels: Iterable[str],
    voice_labels: Iterable[str],
    *,
    baseline: bool = False,
    compounds: bool = False,
    acoustics: bool = False,
    head: str | None = None,
    words: bool = False,
    rates: bool = False,
    text_labels: Iterable[str] = (),
    modalities: bool = False,
    actions: bool = False,
) -> dict[str, Table]:
    """Return the tables by name, with the columns of the models that ran.

    Parameters
    ----------
    face_labels, voice_labels
        Class names of the models: one ``p_<label>`` column each.
    baseline
        Whether there are ``z_<label>`` columns: scores against the speaker's baseline.
    compounds
        Whether there is a table of compound expressions.
    acoustics
        Whether there is a table of pitch, loudness, tempo and pauses.
    head
        Task of the trained head that has a table of its own; None without one.
    words
        Whether there are words that may be shown: a table of them, and a column of text.
    rates
        Whether there is a table of how fast the talk is spoken.
    text_labels
        Class names of the text model; without any there are no tables of what the words say.
    modalities
        Whether there is a table of face, voice and words against each other.
    actions
        Whether there are tables of what the face did besides.
    """
    video = _with_classes(VIDEO_INTERVALS, tuple(face_labels), VIDEO_EVIDENCE, "video", baseline)
    heard, read = tuple(voice_labels), tuple(text_labels)
    beside = (TEXT_EMOTION,) * bool(read) + (SPOKEN_TEXT,) * words
    voice = _with_classes(VOICE_INTERVALS, heard, VOICE_EVIDENCE, "voice", baseline)
    audio = _with_classes(AUDIO_INTERVALS, heard, AUDIO_EVIDENCE, "audio", baseline)
    tables = (
        _ending(video, SHOT, PERSON),
        _ending(audio, SHOT, PERSON, SPEAKER),
        _ending(voice, PERSON, SPEAKER),
        _ending(MODALITY_MISMATCH, *beside, SHOT, PERSON),
        _ending(MODALITY_DURATION, *beside, SHOT, PERSON, NOT_COMPARED),
        _ending(FACE_VOICE, SHOT, PERSON, NOT_COMPARED),
        TRANSITIONS,
        SUMMARY,
        TRANSITION_STATISTICS,
        MISMATCH_STATISTICS,
        PEOPLE,
        *((_ending(COMPOUND_EMOTIONS, PERSON),) if compounds else ()),
        *((_ending(ACOUSTICS, PERSON),) if acoustics else ()),
        *((_ending(head_intervals_table(head), PERSON),) if head is not None else ()),
        *((WORDS,) if words else ()),
        *((SPEECH_RATE,) if rates else ()),
        *(
            _ending(_with_classes(table, read, TEXT_EVIDENCE, "text", False), PERSON)
            for table in ((TEXT_INTERVALS, TEXT_CLAUSES) if read else ())
        ),
        *((MODALITY_STATISTICS,) if modalities else ()),
        *((_ending(ACTION_INTERVALS, PERSON), ACTION_EVENTS, ACTION_SUMMARY) if actions else ()),
    )
    return {table.name: table for table in tables}


def _ending(table: Table, *columns: Column) -> Table:
    return replace(table, columns=table.columns + columns)


def _with_classes(
    table: Table,
    labels: tuple[str, ...],
    evidence: tuple[Column, ...],
    modality: str,
    baseline: bool,
) -> Table:
    probabilities = probability_columns(labels, f"{modality}_probability")
    deviations = tuple(
        Column(
            f"{DEVIATION_PREFIX}{label}",
            Kind.DEVIATIONS,
            f"{modality}_deviation",
            label,
            get=_class_value("z", index),
        )
        for index, label in enumerate(labels if baseline else ())
    )
    columns = table.columns + probabilities + evidence + deviations
    return replace(table, columns=columns, lead=len(table.columns))


def frames_table(
    labels: Iterable[str],
    *,
    valence: bool = False,
    arousal: bool = False,
    extra: Iterable[str] = (),
    witness: Iterable[str] = (),
    shot: bool = False,
) -> Table:
    """Columns of frames.parquet for a face model with these classes and further columns.

    `witness` are the classes of a second model, `shot` says whether the shots are known.
    """
    columns = FRAMES_START + probability_columns(labels, "frame_probability") + (FRAME_EMOTION,)
    columns += (VALENCE,) * valence + (AROUSAL,) * arousal
    columns += (*map(further_column, extra), *witness_columns(witness), *(FRAME_SHOT,) * shot)
    return Table("frames", columns)


def speech_table(
    labels: Iterable[str], *, extra: Iterable[str] = (), witness: Iterable[str] = ()
) -> Table:
    """Columns of speech.parquet for a voice model with these classes and further columns.

    `witness` are the classes of a second model.
    """
    columns = SPEECH_START + probability_columns(labels, "window_probability") + (SPEECH_SPANS,)
    return Table("speech", columns + tuple(map(further_column, extra)) + witness_columns(witness))


def text_readings_table(labels: Iterable[str]) -> Table:
    """Columns of text.parquet for a text model with these classes."""
    return Table("text", TEXT_READINGS_START + probability_columns(labels, "clause_probability"))


def head_table(labels: Iterable[str]) -> Table:
    """Columns of head.parquet for a trained head with these outputs."""
    values = tuple(Column(label, Kind.NUMBER, "head_score", label) for label in labels)
    return Table("head", (Column("time_s", Kind.SECONDS, "head_time"), *values))


def witness_columns(labels: Iterable[str]) -> tuple[Column, ...]:
    """One ``witness_p_<label>`` column per class of a second model."""
    return tuple(
        Column(f"{WITNESS_PREFIX}{label}", Kind.SHARE, "witness_probability", label)
        for label in labels
    )


def further_column(name: str) -> Column:
    """A further column of readings, such as the turn of the head."""
    return DESCRIBED_EXTRAS.get(name, Column(name, Kind.NUMBER, "extra", name))


def probability_columns(labels: Iterable[str], word: str) -> tuple[Column, ...]:
    """One ``p_<label>`` column per class, in the model's order."""
    return tuple(
        Column(
            f"{PROBABILITY_PREFIX}{label}",
            Kind.SHARE,
            word,
            label,
            get=_class_value("distribution", index),
        )
        for index, label in enumerate(labels)
    )


def table_of(name: str, names: Iterable[str]) -> Table:
    """Rebuild the description of one of the tables from the columns it really has.

    Raises
    ------
    KeyError
        When `name` is none of the tables.
    ValueError
        When the columns are not those of that table.
    """
    columns = tuple(names)
    labels = tuple(
        column.removeprefix(PROBABILITY_PREFIX)
        for column in columns
        if column.startswith(PROBABILITY_PREFIX)
    )
    baseline = any(column.startswith(DEVIATION_PREFIX) for column in columns)
    head = next((task for task, first in HEAD_LABELS.items() if first.name == columns[0]), "clips")
    head = ENGAGEMENT if name == ENGAGEMENT else head
    tables = result_tables(
        labels,
        labels,
        baseline=baseline,
        compounds=True,
        acoustics=True,
        head=head,
        words=name == WORDS.name or SPOKEN_TEXT.name in columns,
        rates=True,
        text_labels=labels or (("",) if TEXT_EMOTION.name in columns else ()),
        modalities=True,
        actions=True,
    )
    table = tables[name]
    if table.names != columns:
        raise ValueError(f"{name} has the columns {columns}, expected {table.names}")
    return table
