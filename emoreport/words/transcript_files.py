"""Read a transcript from a file: which format it is, which tier, its lines and their times."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.results import ACTIONS
from emoreport.tables.spreadsheet import UnreadableTextError, decode
from emoreport.tiers.elan import read_eaf
from emoreport.tiers.files import read_bytes
from emoreport.tiers.raw import FormatError, RawSpan, RawTier
from emoreport.tiers.textgrid import read_textgrid, refuse_binary
from emoreport.words.captions import read_srt, read_vtt
from emoreport.words.line_store import LineStore, text_lines
from emoreport.words.lines import Line, Part, line_at, sensible
from emoreport.words.recognised import read_recognised
from emoreport.words.spelling import guessed_language, without_marks, words_of
from emoreport.words.word_table import are_labels, read_audacity, read_table

FORMATS: Final = {
    ".srt": "srt",
    ".vtt": "vtt",
    ".textgrid": "textgrid",
    ".eaf": "elan",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "text",
}
"""Name of the format by the ending of the file."""

ANY_TIER: Final = "auto"
USUAL_TIERS: Final = ("words", "word", "слова", "text", "transcript", "transcription", "текст")
"""Tiers that are taken where several hold something, the first that there is."""
OWN_TIERS: Final = frozenset(
    {"face", "voice", "voice_intervals", "mismatch", "speech", "clauses", "text_emotion", "shots"}
    | set(ACTIONS)
)
"""Tiers of this program, none of which holds a transcript."""
NO_WORDS: Final = frozenset({"sp", "sil", "spn", "<unk>", "<eps>", "<p:>"})
"""What aligners write into a tier of words where none is said."""

MAX_BYTES: Final = 256 * 2**20
REMEDY: Final = "save_transcript_again"
_USUAL_WORDS: Final = ("если", "очень", "когда", "чтобы", "только", "может", "потом", "просто")
"""Where they occur, they tell the encoding of a text that is not in Unicode."""
_LANGUAGE_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class TranscriptFile:
    """A transcript as its file holds it.

    Attributes
    ----------
    lines
        In the order of the file.
    source
        One of the values of `FORMATS`.
    sha256
        Of the file, hexadecimal.
    language
        ISO 639-1 code, told by the file or guessed from the letters; None where nothing tells.
    path
        The file; None for what was never in one.
    """

    lines: Sequence[Line]
    source: str
    sha256: str
    language: str | None = None
    path: Path | None = None


def sha256_of(path: Path) -> str:
    """Digest of a transcript, hexadecimal.

    Raises
    ------
    InputNotFoundError, StoredReadingsError
        When there is no such file, or it cannot be read.
    """
    return hashlib.sha256(_content(path)).hexdigest()


def _content(path: Path) -> bytes:
    return read_bytes(path, kind="transcript", max_bytes=MAX_BYTES)


def read_transcript(
    path: Path,
    *,
    tier: str = ANY_TIER,
    encoding: str | None = None,
    video: str | None = None,
) -> TranscriptFile:
    """Read a transcript of any of `FORMATS`; nothing in it is executed, fetched or expanded.

    Parameters
    ----------
    path
        The file.
    tier
        Name of the tier, for TextGrid and ELAN; `ANY_TIER`: the only one that holds anything, or
        one of `USUAL_TIERS`.
    encoding
        Of text that is not in Unicode; None: it is guessed where that is safe.
    video
        Name of the recording, for ELAN files that link several.

    Raises
    ------
    InputNotFoundError
        When there is no such file.
    SettingsError
        For an unknown kind of file, and a tier that is not there or has to be named.
    StoredReadingsError
        When the file cannot be read as what its ending says, or holds no words.
    """
    source = FORMATS.get(path.suffix.casefold())
    if source is None:
        raise SettingsError(
            "transcript.kind", ending=path.suffix or "–", endings=", ".join(FORMATS), file=path
        )
    try:
        lines, language, digest = _lines(source, path, tier, encoding, video)
    except (FormatError, UnreadableTextError) as error:
        if error.key == "text.no_encoding":
            error.with_remedy("save_as_utf8")
        raise error.turned_into(StoredReadingsError, remedy=REMEDY, file=path) from error
    except SettingsError as error:
        raise error.with_file(path) from error
    if not any(words_of(without_marks(line.text)) for line in lines):
        raise StoredReadingsError("transcript.no_words", remedy=REMEDY, file=path)
    return TranscriptFile(
        lines,
        source,
        digest,
        language or guessed_language(_some_words(lines)),
        path,
    )


def _some_words(lines: Sequence[Line]) -> Iterable[str]:
    for line in islice(lines, _LANGUAGE_LINES):
        yield from (word for word, _ in words_of(without_marks(line.text)))


def _lines(
    source: str, path: Path, tier: str, encoding: str | None, video: str | None
) -> tuple[LineStore, str | None, str]:
    """Lines, the language where the format tells it, and the digest of the file."""
    content = _content(path)
    digest = hashlib.sha256(content).hexdigest()
    if not content or content.isspace():
        raise FormatError("transcript.empty")
    if source == "elan":  # XML says its encoding itself
        return LineStore(_tier_lines(read_eaf(content, video), tier)), None, digest
    if source == "textgrid":
        refuse_binary(content)
    text, _ = decode(content, encoding, _USUAL_WORDS)
    del content  # it may be large, and so may be what comes
    if "\0" in text:
        raise FormatError("transcript.binary")
    if source == "textgrid":
        return LineStore(_tier_lines(read_textgrid(text), tier)), None, digest
    if source == "json":
        return *read_recognised(text), digest
    return LineStore(_READERS[source](text)), None, digest


def _plain_lines(text: str) -> Iterable[Line]:
    if are_labels(text):
        return read_audacity(text)
    lines = (line.strip() for piece in text_lines(text) for line in piece.splitlines())
    return (Line(line) for line in lines if line)


_READERS: Final[Mapping[str, Callable[[str], Iterable[Line]]]] = {
    "srt": read_srt,
    "vtt": read_vtt,
    "csv": read_table,
    "text": _plain_lines,
}
"""Of formats that are text and tell no language."""


def _tier_lines(tiers: Sequence[RawTier], wanted: str) -> Iterable[Line]:
    chosen = _tier(tiers, wanted)
    if chosen.flaw is not None:
        raise chosen.flaw
    return (
        _annotated(span)
        for span in sorted(chosen.spans, key=lambda span: (span.start_ms, span.end_ms))
        if span.text.strip() and span.text.strip() not in NO_WORDS
    )


def _annotated(span: RawSpan) -> Line:
    """The line of an annotation; the time of a single word is its own."""
    start_s, end_s = span.start_ms / 1000, span.end_ms / 1000
    own = Part(span.text, *sensible(start_s, end_s))
    parts = (own,) if own.start_s is not None and len(span.text.split()) == 1 else ()
    return line_at(span.text, start_s, end_s, parts)


def _tier(tiers: Sequence[RawTier], wanted: str) -> RawTier:
    names = ", ".join(repr(tier.name[:60]) for tier in tiers) or "–"
    if wanted != ANY_TIER:
        named = [tier for tier in tiers if tier.name == wanted]
        if not named:
            raise SettingsError("transcript.other_tier", wanted=wanted, names=names)
        return named[0]
    filled = [
        tier
        for tier in tiers
        if tier.name not in OWN_TIERS
        and (tier.flaw is not None or any(span.text.strip() for span in tier.spans))
    ]
    if len(filled) == 1:
        return filled[0]
    for usual in USUAL_TIERS:
        for tier in filled:
            if tier.name.strip().casefold() == usual:
                return tier
    raise SettingsError("transcript.which_tier", names=names)
