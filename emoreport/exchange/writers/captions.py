"""Write WebVTT and SRT captions: what face and voice showed, over the rows of the face.

Where there is a transcript, files of their own hold what was said, and what its clauses say.

Text that a player would take for markup is escaped; a name cannot end a cue or begin another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from emoreport.exchange.writers import Files, Media
from emoreport.exchange.writers.tiers import (
    Cell,
    spoken_clauses,
    spoken_emotions,
    spoken_words,
)
from emoreport.messages import label_name, number, text
from emoreport.results import Comparison, Findings, caption_starts, milliseconds

_SRT_MARKUP: Final = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})
"""SubRip has no escape; these look alike and start no tag."""


@dataclass(frozen=True, slots=True)
class _Cue:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def vtt_files(findings: Findings, _media: Media, lang: str) -> Files:
    """Captions in WebVTT, UTF-8.

    Parameters
    ----------
    findings
        One talk.
    lang
        Language of the captions.
    """
    cues = {".vtt": _cues(findings, lang), "_clauses.vtt": _clauses(findings, lang)}
    files = {
        name: _bytes(_vtt_file(["WEBVTT", *_blocks(shown, ".", vtt_text)]))
        for name, shown in cues.items()
        if shown is not None
    }
    if findings.analysis.words is not None:
        files["_words.vtt"] = _bytes(spoken_vtt(spoken_words(findings.analysis)))
    return files


def _vtt_file(blocks: Iterable[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def spoken_vtt(spoken: Sequence[Cell]) -> str:
    """Words in WebVTT, with stamps at the beginning of every word and before every gap."""
    blocks = ["WEBVTT"]
    for words in captions_of(spoken):
        start, end = clock(words[0].start_ms, "."), clock(words[-1].end_ms, ".")
        pieces = []
        for word, following in zip(words, [*words[1:], None], strict=True):
            gap = following is not None and following.start_ms > word.end_ms
            after = f"<{clock(word.end_ms, '.')}>" if gap else ""
            pieces.append(f"<{clock(word.start_ms, '.')}>{vtt_text(word.label)}{after}")
        blocks.append(f"{start} --> {end}\n{' '.join(pieces)}")
    return _vtt_file(blocks)


def captions_of(words: Sequence[Cell]) -> Iterator[Sequence[Cell]]:
    """Words in captions; see `caption_starts`."""
    labels = [word.label for word in words]
    times = [[word.start_ms for word in words], [word.end_ms for word in words]]
    for first, stop in pairwise([*caption_starts(labels, *times), len(words)]):
        yield words[first:stop]


def srt_files(findings: Findings, _media: Media, lang: str) -> Files:
    """Captions in SubRip, UTF-8; see `vtt_files`."""
    cues = {".srt": _cues(findings, lang), "_clauses.srt": _clauses(findings, lang)}
    files = {
        name: _bytes(_srt_file(_blocks(shown, ",", srt_text)))
        for name, shown in cues.items()
        if shown is not None
    }
    if findings.analysis.words is not None:
        files["_words.srt"] = _bytes(spoken_srt(spoken_words(findings.analysis)))
    return files


def _blocks(cues: Iterable[_Cue], point: str, line: Callable[[str], str]) -> Iterator[str]:
    for position, cue in enumerate(cues, start=1):
        times = f"{clock(cue.start_ms, point)} --> {clock(cue.end_ms, point)}"
        yield "\n".join([str(position), times, *map(line, cue.lines)])


def _srt_file(blocks: Iterable[str]) -> str:
    return "".join(f"{block}\n\n" for block in blocks)


def _bytes(file: str) -> bytes:
    return file.encode("utf-8", "backslashreplace")


def spoken_srt(spoken: Sequence[Cell]) -> str:
    """Words in SubRip."""
    cues = (
        _Cue(words[0].start_ms, words[-1].end_ms, (" ".join(word.label for word in words),))
        for words in captions_of(spoken)
    )
    return _srt_file(_blocks(cues, ",", srt_text))


def _cues(findings: Findings, lang: str) -> Iterator[_Cue]:
    analysis = findings.analysis
    rows = zip(
        analysis.video_intervals, analysis.audio_intervals, analysis.comparisons, strict=True
    )
    for seen, heard, compared in rows:
        start_ms, end_ms = milliseconds(seen.span.start_s), milliseconds(seen.span.end_s)
        if end_ms <= start_ms:
            continue
        lines = (
            _line("face", seen.emotion, seen.confidence, lang),
            _line("voice", heard.emotion, heard.confidence, lang),
            *_mismatch(compared, lang),
        )
        yield _Cue(start_ms, end_ms, lines)


def _clauses(findings: Findings, lang: str) -> list[_Cue] | None:
    """Each clause with what it says; None where no model read any.

    What it says is in square brackets, a note to whoever reads the file as a transcript.
    """
    analysis = findings.analysis
    if not analysis.text_labels:
        return None
    cues = []
    for said, judged in zip(spoken_clauses(analysis), spoken_emotions(analysis), strict=True):
        note = f"[{_label(judged.label, judged.value, lang)}]"
        shown = (said.label,) if analysis.words is not None else ()
        cues.append(_Cue(said.start_ms, said.end_ms, (*shown, note)))
    return cues


def _line(modality: str, label: str, confidence: float | None, lang: str) -> str:
    return text(f"export.caption.{modality}", lang, emotion=_label(label, confidence, lang))


def _label(label: str, confidence: float | None, lang: str) -> str:
    name = label_name(label, lang)
    if confidence is None:
        return name
    return f"{name} {text('export.caption.share', lang, percent=f'{100 * confidence:.0f}')}"


def _mismatch(row: Comparison, lang: str) -> Iterator[str]:
    if row.match is not False:
        return
    if row.severity is None:
        yield text("export.caption.mismatch", lang)
    else:
        yield text("export.caption.mismatch_severity", lang, severity=number(row.severity, 2, lang))


def clock(time_ms: int, point: str) -> str:
    """Hours, minutes, seconds and milliseconds, with `point` before the last."""
    seconds, rest = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{rest:03d}"


def vtt_text(line: str) -> str:
    """A line of a WebVTT cue, its markup escaped."""
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(escaped.split())


def srt_text(line: str) -> str:
    """A line of a SubRip cue that starts no tag."""
    # An arrow in a name must not look like the times of a cue.
    return " ".join(line.translate(_SRT_MARKUP).split())
