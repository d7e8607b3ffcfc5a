"""What one recording shows, said with its caution: page, terminal, notebook.

`finding_sentence` is the whole in one sentence, `mismatch_sentence` the figure of face against
voice. Both are made of the figures of the summary and of the rows alone, so that they say what the
tables say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from emoreport.messages import Words, label_name, text
from emoreport.records import ModelRecord, RunRecord
from emoreport.results import (
    Analysis,
    AudioInterval,
    Findings,
    HeadInterval,
    MismatchFigure,
    ModalityStatistic,
    Summary,
    VideoInterval,
    seconds_by_label,
)
from emoreport.vocabulary import is_emotion

_say = Words("finding")

Rows = Sequence[VideoInterval] | Sequence[AudioInterval]
Name = Callable[[str], str]
NEUTRAL: Final = "neutral"
NO_MODEL: Final = "none"
ALPHA: Final = 0.05
"""Up to this p-value a figure is told from chance."""
MOST: Final = 0.5
"""Above this share of the judged time an emotion is called the one that prevails."""
WHOLE: Final = 0.9
"""Above this share of the recording nothing is said of what could not be judged."""
HEAD_LABELS: Final = 3
"""Labels of a trained head that are named."""
NAMED: Final = 2
"""Further emotions of the face that are named."""
WHYS: Final = ("too_short", "one_label", "dependent", "clustered", "rows_and_windows_differ")
"""Reasons for no verdict that have words of their own in the figure's sentence."""
OF_THE_PICTURE: Final = frozenset({"face_coverage", "transitions", "face_emotion", "mismatch"})
"""Figures that a recording of sound alone has nothing for."""
MINUTES_FROM_S: Final = 120.0
HOURS_FROM_S: Final = 7200.0


def finding_sentence(findings: Findings, lang: str) -> str:
    """What face and voice show and whether they part, in one sentence.

    Parameters
    ----------
    findings
        Results of one talk, `emoreport.Report` for one.
    lang
        Language code.

    Examples
    --------
    "The face reads mostly as neutral, with happiness twice; the voice, judged for 7 s of speech,
    reads as neutral throughout; the two differ for 87 % of the 9 s compared, which is too little
    to tell from chance."
    """
    analysis, bridge = findings.analysis, findings.run.bridge
    summary = analysis.summary

    def name(kind: str, label: str) -> str:
        return (
            _say(f"{kind}.neutral", lang) if label == NEUTRAL else label_name(label, lang, bridge)
        )

    if summary.face_coverage <= 0 and summary.speech_s <= 0:
        clauses = [_say("nothing", lang)]
    else:
        clauses = [
            _face(summary, analysis.video_intervals, partial(name, "face"), lang)
            if findings.run.media.has_picture
            else _say("face.no_picture", lang),
            _voice(analysis, partial(name, "voice"), lang),
        ]
    if None not in (summary.dominant_video_emotion, summary.dominant_audio_emotion):
        clauses.append(_comparison(summary.mismatch, lang))
    sentence = "; ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _face(summary: Summary, rows: Sequence[VideoInterval], name: Name, lang: str) -> str:
    leading = summary.dominant_video_emotion
    if leading is None:
        return _say("face.none" if summary.face_coverage <= 0 else "face.unclear", lang)
    subject = _say("face.whole", lang)
    if summary.emotion_s < WHOLE * summary.duration_s:
        seconds, duration = amount(summary.emotion_s, lang), amount(summary.duration_s, lang)
        subject = _say("face.part", lang, seconds=seconds, duration=duration)
    return f"{subject} {_leading(leading, rows, name, lang)}{_others(leading, rows, name, lang)}"


def _voice(analysis: Analysis, name: Name, lang: str) -> str:
    summary = analysis.summary
    if summary.speech_model == NO_MODEL:
        return _say("voice.no_model", lang)
    if summary.speech_s <= 0:
        return _say("voice.none", lang)
    leading = summary.dominant_audio_emotion
    if leading is None:
        return _say("voice.unclear", lang, seconds=amount(summary.speech_s, lang))
    subject = _say("voice.part", lang, seconds=amount(analysis.judged_speech_s, lang))
    return f"{subject} {_leading(leading, analysis.voice_intervals, name, lang)}"


def _leading(leading: str, rows: Rows, name: Name, lang: str) -> str:
    """How much of the judged time the leading emotion takes."""
    seconds = _seconds(rows)
    share = seconds[leading] / sum(seconds.values())
    key = "throughout" if len(seconds) == 1 else "mostly" if share > MOST else "longest"
    return _say(key, lang, emotion=name(leading), share=percent(share))


def _others(leading: str, rows: Rows, name: Name, lang: str) -> str:
    """Further emotions, those of the most seconds first, with how often they came."""
    ordered = [label for label in _seconds(rows) if label != leading]
    if not ordered:
        return ""
    counts = Counter(row.emotion for row in rows)
    named = [
        _say("other", lang, emotion=name(label), times=_times(counts[label], lang))
        for label in ordered[:NAMED]
    ]
    more = len(ordered) - NAMED
    if more > 0:
        named.append(_say("rest_one" if more == 1 else "rest", lang, count=more))
    *before, last = named
    listed = _say("and", lang, before=", ".join(before), last=last) if before else last
    return _say("others", lang, others=listed)


def _seconds(rows: Rows) -> dict[str, float]:
    """Seconds of each emotion, the most first."""
    seconds = seconds_by_label(row for row in rows if is_emotion(row.emotion))
    return dict(sorted(seconds.items(), key=lambda entry: -entry[1]))


def _comparison(figure: MismatchFigure, lang: str) -> str:
    if figure.share is None:
        return _say("compared.never", lang)
    key = {0.0: "agree", 1.0: "differ"}.get(figure.share, "part")
    seconds = amount(figure.compared_s, lang)
    said = _say(f"compared.{key}", lang, share=percent(figure.share), seconds=seconds)
    if figure.verdict is None:
        return said
    chance = "" if figure.expected is None else f" ({percent(figure.expected)})"
    return said + _say(f"chance.{figure.verdict}", lang, expected=chance)


def mismatch_sentence(figure: MismatchFigure, lang: str) -> str:
    """The share of the compared time in mismatch, what chance would give, and the verdict.

    Examples
    --------
    >>> figure = MismatchFigure(8.0, 9.2, 8 / 9.2, 0.71, "not_enough_data", "too_short")
    >>> mismatch_sentence(figure, "en")
    '87 % of 9 s; chance alone could give that (71 %): too short to tell'
    """
    if figure.share is None:
        return _say("mismatch.nothing", lang)
    seconds = amount(figure.compared_s, lang)
    observed = _say("mismatch.observed", lang, share=percent(figure.share), seconds=seconds)
    if figure.expected is None or figure.verdict is None:
        return observed
    return _say(
        f"mismatch.{figure.verdict}",
        lang,
        observed=observed,
        expected=percent(figure.expected),
        why=_say(f"why.{figure.note if figure.note in WHYS else 'other'}", lang),
    )


def modalities_sentence(rows: Sequence[ModalityStatistic], lang: str) -> str | None:
    """How often face, voice and words are the same, and which departs; None without words.

    Which departs is said where chance alone does not explain how much they are the same.
    """
    by_name = {(row.statistic, row.modalities): row for row in rows}
    same = by_name.get(("agreement", "all"))
    if same is None:
        return None
    if not same.seconds:
        return _say("modalities.nothing", lang)
    if same.value is None or same.expected is None:
        return _say("modalities.too_short", lang, seconds=amount(same.seconds, lang))
    observed = _say(
        "modalities.observed", lang, share=percent(same.value), seconds=amount(same.seconds, lang)
    )
    key = "open"
    if same.p_value is not None and same.p_value <= ALPHA:
        key = "more" if same.value > same.expected else "less"
    said = _say(f"modalities.{key}", lang, observed=observed, expected=percent(same.expected))
    departs = [row for row in rows if row.statistic == "departs" and row.value is not None]
    if key == "open" or not departs:
        return said
    most = max(departs, key=lambda row: row.value or 0.0).modalities
    return _say("modalities.departs", lang, said=said, who=_say(f"modalities.{most}", lang))


def figures_in_words(findings: Findings, lang: str) -> dict[str, str]:
    """What a recording comes to, by key of ``cli.panel``: models, emotions, changes, mismatch.

    A recording of sound alone has none of `OF_THE_PICTURE`.
    """
    summary, run = findings.analysis.summary, findings.run
    unknown = text("cli.line.unknown", lang)
    face, voice = (
        unknown if label is None else label_name(label, lang, run.bridge)
        for label in (summary.dominant_video_emotion, summary.dominant_audio_emotion)
    )
    changes = unknown
    rate = summary.transitions_per_emotion_minute
    if rate is not None:
        changes = text("cli.line.transitions", lang, count=summary.transitions, rate=rate)
    modalities = modalities_sentence(findings.analysis.modality_statistics, lang)
    figures = {
        "models": ", ".join(_model_names(run, lang)),
        "duration": text("cli.line.seconds", lang, value=summary.duration_s),
        "face_coverage": percent(summary.face_coverage),
        "speech": text("cli.line.seconds", lang, value=summary.speech_s),
        "transitions": changes,
        "face_emotion": face,
        "voice_emotion": voice,
        "mismatch": mismatch_sentence(summary.mismatch, lang),
        **({} if modalities is None else {"modalities": modalities}),
        **_head_in_words(findings.analysis.head_intervals, lang),
    }
    left_out = frozenset[str]() if run.media.has_picture else OF_THE_PICTURE
    return {key: words for key, words in figures.items() if key not in left_out}


def _head_in_words(rows: Sequence[HeadInterval], lang: str) -> dict[str, str]:
    """What a trained head with a table of its own says for the longest; nothing without rows."""
    seconds = dict.fromkeys((row.label for row in rows), 0.0)
    for row in rows:
        seconds[row.label] += row.span.duration_s
    longest = sorted(seconds, key=lambda label: -seconds[label])[:HEAD_LABELS]
    told = [f"{label_name(label, lang)} {amount(seconds[label], lang)}" for label in longest]
    return {"head": ", ".join(told)} if told else {}


def model_name(model: ModelRecord, lang: str) -> str:
    """What a model is called for people: what it reads, and its name."""
    if model.kind not in {"face", "voice"}:
        return model.name
    return f"{text(f'cli.models.kind.{model.kind}', lang)} {model.name}"


def _model_names(run: RunRecord, lang: str) -> Iterator[str]:
    for model, witness in run.emotion_models:
        name = model_name(model, lang)
        if witness is not None:
            name = text("cli.line.with_witness", lang, model=name, witness=witness.name)
        yield name
    if "head" in run.judges:
        yield text("cli.line.with_head", lang, name=run.judges["head"].name)


def _times(count: int, lang: str) -> str:
    key = {1: "once", 2: "twice"}.get(count)
    if key is None:
        few = count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14}
        key = "few" if few else "many"
    return _say(f"times.{key}", lang, count=count)


def percent(share: float) -> str:
    """A share as a whole per cent; one that is not quite all or nothing does not read as that."""
    # Rounded as tables show it first, so that a table read back gives the same words.
    value = round(100 * round(share, 4))
    if 0 < share < 1:
        value = min(max(value, 1), 99)
    return f"{value} %"


def amount(seconds: float, lang: str) -> str:
    """A length of time as one would say it: seconds, minutes or hours."""
    if seconds < MINUTES_FROM_S:
        value, unit = (f"{seconds:.0f}" if seconds >= 1 else f"{seconds:.1f}"), "seconds"
    elif seconds < HOURS_FROM_S:
        value, unit = f"{seconds / 60:.0f}", "minutes"
    else:
        value, unit = f"{seconds / 3600:.1f}", "hours"
    return _say(f"amount.{unit}", lang, value=value.replace(".", _say("point", lang)))
