"""Read a coding file of any format: what one or several people coded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emoreport.errors import SettingsError, StoredReadingsError
from emoreport.exchange.readers.boris import UNNAMED, read_boris
from emoreport.exchange.readers.coding_table import read_table
from emoreport.exchange.readers.labels import coded_spans
from emoreport.records import CodedLabels, LabelledSpan
from emoreport.tables.spreadsheet import UnreadableTextError, decode
from emoreport.tiers.elan import read_eaf
from emoreport.tiers.files import read_bytes, sha256_of
from emoreport.tiers.raw import FormatError, RawTier
from emoreport.tiers.textgrid import read_textgrid, refuse_binary
from emoreport.vocabulary import NAMES

SUFFIXES: Final = (".eaf", ".textgrid", ".boris", ".csv", ".tsv")
FACE: Final = "face"
VOICE: Final = "voice"
NONE: Final = "none"
"""Name of a tier that is to be left out."""

REMEDY: Final = "save_coding_again"


@dataclass(frozen=True, slots=True)
class Tiers:
    """How tiers and labels of a coding are to be read.

    Attributes
    ----------
    face, voice
        Names of the tiers; None: the tier called ``face`` or ``voice``, if there is one; ``none``:
        this modality is left out.
    modality
        What a coding is about that does not say it (CSV without a column `modality`, BORIS without
        categories); None: the face, with a note.
    mapping
        Renamings of labels, as `labels.parse_map` gives them.
    face_labels, voice_labels
        Labels that are allowed.
    video
        Name of the recording that was analysed; None if it is not known.
    observation
        Which observation of a BORIS project is read; None: the only one.
    encoding
        Of text that is not in Unicode; None: it is guessed where that is safe.
    """

    face: str | None
    voice: str | None
    modality: str | None
    mapping: Mapping[str, str]
    face_labels: tuple[str, ...]
    voice_labels: tuple[str, ...]
    video: str | None = None
    observation: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Coding:
    """What one person coded.

    Attributes
    ----------
    coder
        Name of the person, or of the file.
    file, sha256
        Name and digest of the file.
    labels
        By modality.
    assumed_face
        Whether it is only assumed that the labels are about the face.
    guessed_encoding
        The encoding of the file, where it had to be guessed.
    """

    coder: str
    file: str
    sha256: str
    labels: CodedLabels
    assumed_face: bool = False
    guessed_encoding: str | None = None


def read_codings(path: Path, tiers: Tiers) -> list[Coding]:
    """Codings of one file, one per coder: CSV may hold several, the others hold one.

    Parameters
    ----------
    path
        A file of one of `SUFFIXES`.
    tiers
        Where in it what is.

    Raises
    ------
    InputNotFoundError
        When there is no such file.
    SettingsError
        For a tier that is not there, an unknown label or an unknown kind of file.
    StoredReadingsError
        When the file cannot be read.
    """
    suffix = path.suffix.casefold()
    if suffix not in SUFFIXES:
        raise SettingsError("coding.kind", ending=path.suffix or "no ending", file=path)
    content = read_bytes(path)
    text, guessed = "", None
    try:
        if suffix == ".textgrid":
            refuse_binary(content)
        if suffix != ".eaf":  # XML says its encoding itself
            text, guessed = decode(content, tiers.encoding, _likely_words(tiers))
        raw, assumed = _with_modality(*_raw(suffix, content, text, tiers), tiers)
        coders: dict[str | None, list[RawTier]] = {}
        for tier in raw:
            coders.setdefault(tier.coder, []).append(tier)
        return [
            Coding(
                coder=coder or path.stem,
                file=path.name,
                sha256=sha256_of(content),
                labels=_labels(own, tiers),
                assumed_face=assumed,
                guessed_encoding=guessed,
            )
            for coder, own in (coders or {None: []}).items()
        ]
    except (FormatError, UnreadableTextError) as error:
        raise error.turned_into(StoredReadingsError, remedy=REMEDY, file=path) from error
    except SettingsError as error:
        raise error.with_file(path) from error


def _likely_words(tiers: Tiers) -> list[str]:
    names = [name for labels in NAMES.values() for name in labels.values()]
    return [*names, *(name.replace("_", " ") for name in tiers.mapping)]


def _raw(suffix: str, content: bytes, text: str, tiers: Tiers) -> tuple[list[RawTier], bool]:
    if suffix == ".eaf":
        return read_eaf(content, tiers.video), False
    if suffix == ".textgrid":
        return read_textgrid(text), False
    if suffix == ".boris":
        return read_boris(text, tiers.observation, tiers.video), False
    return read_table(text, tiers.modality)


def _labels(raw: Sequence[RawTier], tiers: Tiers) -> CodedLabels:
    face = _tier(raw, FACE, tiers.face)
    voice = _tier(raw, VOICE, tiers.voice)
    if face is None and voice is None:
        names = ", ".join(repr(tier.name[:60]) for tier in raw) or "none"
        raise SettingsError("coding.no_tier", names=names)
    return CodedLabels(
        face=_spans(face, tiers.mapping, tiers.face_labels),
        voice=_spans(voice, tiers.mapping, tiers.voice_labels),
    )


def _with_modality(
    raw: Sequence[RawTier], assumed: bool, tiers: Tiers
) -> tuple[Sequence[RawTier], bool]:
    """Tiers, of which one without a name is the modality that was coded.

    Only where neither the file nor the user names one that holds anything. Also whether the face
    was assumed.
    """
    coded = [tier for tier in raw if tier.spans or tier.flaw is not None]
    names = {tier.name.strip().casefold() for tier in coded}
    modality = tiers.modality or FACE
    left_out = (tiers.face if modality == FACE else tiers.voice) == NONE
    wished = {tiers.face, tiers.voice} - {None, NONE}
    if UNNAMED not in names or names & {FACE, VOICE} or wished or left_out:
        return raw, assumed
    return [replace(tier, name=tier.name or modality) for tier in coded], tiers.modality is None


def _tier(raw: Sequence[RawTier], usual: str, wanted: str | None) -> RawTier | None:
    """The tier that is wanted; without a wish, the one of the usual name, in whatever case."""
    if wanted == NONE:
        return None
    name = usual if wanted is None else wanted
    named = [tier for tier in raw if tier.name == name]
    if wanted is not None and not named:
        names = ", ".join(repr(tier.name[:60]) for tier in raw) or "none"
        raise SettingsError("coding.other_tier", wanted=wanted, names=names, usual=usual)
    similar = named or [tier for tier in raw if tier.name.strip().casefold() == usual]
    if len(named) > 1:
        raise FormatError("coding.same_tiers", name=name)
    return similar[0] if len(similar) == 1 else None


def _spans(
    tier: RawTier | None, mapping: Mapping[str, str], allowed: Sequence[str]
) -> tuple[LabelledSpan, ...] | None:
    if tier is None:
        return None
    if tier.flaw is not None:
        raise tier.flaw
    return coded_spans(tier.spans, mapping, allowed)
