"""report.html: one file with the talk's curves, figures and tables, that needs no network.

The page may do little on purpose. Its Content-Security-Policy lets only the scripts and the style
work whose hashes it names, forbids every connection, and takes a video from this machine alone.
What a video or a model is called reaches the page as escaped text.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from emoreport import messages as words
from emoreport.page.content import page_document
from emoreport.page.modalities import talking_rows, three_block
from emoreport.page.spoken import spoken_document
from emoreport.records import MediaRecord, RunWarning
from emoreport.results import Findings
from emoreport.settings import LANGUAGES
from emoreport.vocabulary import NAMES

if TYPE_CHECKING:
    from jinja2 import Template

STYLE: Final = "page.css"
SCRIPTS: Final = (
    "core.js",
    "curve.js",
    "timeaxis.js",
    "tracks.js",
    "dimensions.js",
    "summary.js",
    "statistics.js",
    "moments.js",
    "sound.js",
    "player.js",
    "start.js",
)
"""The page's scripts, in the order in which they run."""
WORDS_STYLE: Final = "words.css"
WORDS_SCRIPTS: Final = ("words.js", "modalities.js")
WORDS_TEXTS: Final = ("page.said.", "page.three.")
"""Style, scripts and texts that only a page with words has."""

LIMITS: Final = (
    "feeling",
    "diagnosis",
    "mismatch",
    "errors",
    "confidence",
    "unknown",
    "compare",
)
CODES: Final = ("verdict", "note", "reason")
"""Tables of words.tables whose codes the page shows."""

PLACEHOLDERS: Final = (
    "value",
    "agreement",
    "low",
    "high",
    "time",
    "first",
    "last",
    "count",
    "width",
    "height",
    "program",
    "date",
    "whole",
    "partner",
    "reason",
)
"""Every name in braces that a text of the page may hold."""

VIDEO_SOURCES: Final = {"link": "file: 'self' blob:", "embed": "blob:", "none": "'none'"}
"""Where the page may take a video from, by mode."""


@dataclass(frozen=True, slots=True)
class PageVideo:
    """The page's video.

    Attributes
    ----------
    mode
        ``link`` (a file beside the page), ``embed`` (inside the page) or ``none`` (nothing at all:
        no address, no picture, no way to choose a file).
    href
        For ``link``: the percent-encoded address of the file, relative to the page; None where it
        is not known, so that the page asks for the file.
    content
        For ``embed``: a whole MP4.
    start_s
        What the player shows at time zero of the talk, seconds.
    """

    mode: str = "link"
    href: str | None = None
    content: bytes | None = None
    start_s: float = 0.0


def page_html(findings: Findings, *, lang: str, video: PageVideo) -> bytes:
    """Make the page of one talk.

    Parameters
    ----------
    findings
        Results, readings and run of the talk.
    lang
        Language in which the page opens; the reader can switch.
    video
        What the page plays.

    Returns
    -------
    The file, UTF-8. A name with bytes that are no text shows a replacement sign for them.
    """
    from markupsafe import Markup

    said = spoken_document(findings.analysis)
    style, scripts = page_style(said is not None), page_scripts(said is not None)
    spoken = page_words(said is not None)
    content = page_document(findings)
    if said is not None:
        content["blocks"]["three"] = three_block(findings.analysis.modality_statistics)
        content["talking"] = talking_rows(findings.analysis.modality_statistics)
    document = {
        **content,
        "player_start_s": video.start_s,
        "lang": lang,
        "words": spoken,
        "warning_words": warning_words(findings.run.warnings),
        "names": NAMES,
    }
    finding, data = content["finding"][lang], Markup(script_json(document))  # noqa: S704 - escaped
    del content, document  # the readings of a long talk, which are in the data now
    page = _template().generate(
        lang=lang,
        languages=[(code, spoken[code]["language"]) for code in LANGUAGES],
        words=spoken[lang],
        name=findings.run.input.name,
        finding=finding,
        policy=policy(scripts, style, video.mode),
        css=Markup(style),  # noqa: S704 - our own file
        mode=video.mode,
        pictures=bool(len(findings.faces)),
        size=_size(findings.run.media),
        href=video.href if video.mode == "link" else None,
        limits=LIMITS,
        data=data,
        said=said and Markup(script_json(said, ascii_only=False)),  # noqa: S704 - escaped too
        embedded=_embedded(video),
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
    )
    written = io.BytesIO()
    written.writelines(part.encode("utf-8", "replace") for part in page)
    return written.getvalue()


def page_style(with_words: bool) -> str:
    """The style of a page, with that of the words or without."""
    return "".join(map(_asset, (STYLE, WORDS_STYLE) if with_words else (STYLE,)))


def page_scripts(with_words: bool) -> tuple[str, ...]:
    """The scripts of a page in the order in which they run."""
    *parts, start = SCRIPTS
    between = WORDS_SCRIPTS if with_words else ()
    return tuple(map(_asset, (*parts, *between, start)))


def policy(scripts: Iterable[str], style: str, mode: str) -> str:
    """Content-Security-Policy of exactly these scripts, this style and a video of this mode."""
    hashes = " ".join(map(policy_source, scripts))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {hashes}",
            f"style-src {policy_source(style)}",
            "img-src data: blob:",
            f"media-src {VIDEO_SOURCES[mode]}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def policy_source(text: str) -> str:
    """What a Content-Security-Policy calls a script or a style of exactly this text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def script_json(document: Mapping[str, Any], *, ascii_only: bool = True) -> str:
    """JSON that a script element may hold: it holds no ``<``, ``>`` or ``&``.

    `ascii_only` False writes letters of other alphabets as they are, in a third of the size.

    Raises
    ------
    ValueError
        When a number is not finite.
    """
    text = json.dumps(document, allow_nan=False, ensure_ascii=ascii_only, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def page_words(with_words: bool = True) -> dict[str, dict[str, str]]:
    """Every text of the page by language and key, with its braces left in.

    Without words, those about words are left out.
    """
    by_language = {}
    for lang in LANGUAGES:
        texts = {
            key.removeprefix("page."): _raw(key, lang)
            for key in sorted(words.keys(lang))
            if key.startswith("page.") and (with_words or not key.startswith(WORDS_TEXTS))
        }
        for table in CODES:
            start, end = f"tables.{table}.", ".label"
            texts |= {
                f"{table}.{key.removeprefix(start).removesuffix(end)}": _raw(key, lang)
                for key in sorted(words.keys(lang))
                if key.startswith(start) and key.endswith(end)
            }
        by_language[lang] = texts
    return by_language


def warning_words(warnings: Sequence[RunWarning]) -> dict[str, list[str]]:
    """The warnings of a run as sentences, by language."""
    found: dict[str, list[str]] = {lang: [] for lang in LANGUAGES}
    for lang, warning in product(LANGUAGES, warnings):
        values = words.figures(warning.values, lang)
        said = words.text(f"cli.warning.{warning.key}", lang, **values)
        found[lang].append(f"{said[0].upper()}{said[1:]}.")
    return found


@cache
def _asset(name: str) -> str:
    return (resources.files("emoreport.page") / "assets" / name).read_text(encoding="utf-8")


def _raw(key: str, lang: str) -> str:
    same = {name: f"{{{name}}}" for name in PLACEHOLDERS}
    return words.text(key, lang, **same)


def _size(media: MediaRecord) -> tuple[int, int] | None:
    """Size of the pictures in pixels, so that nothing on the page moves when the video comes."""
    if not media.width_px or not media.height_px:
        return None
    return int(media.width_px), int(media.height_px)


def _embedded(video: PageVideo) -> str | None:
    if video.mode != "embed" or video.content is None:
        return None
    return base64.b64encode(video.content).decode("ascii")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("emoreport.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.jinja")
