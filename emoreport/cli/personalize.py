"""``emoreport personalize STATS_DIR... --out HEAD``: a head for one speaker, if it is proved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from emoreport.cli.agree import CodingOptions, show_caveats
from emoreport.cli.console import error_line, print_table
from emoreport.cli.options import (
    Config,
    Json,
    Quiet,
    checked_language,
    configured,
    with_settings,
)
from emoreport.errors import EXIT_OK, EXIT_VIDEO_FAILED, SettingsError
from emoreport.messages import Words, decimal, label_name, number

if TYPE_CHECKING:
    from emoreport.analysis.annotators.personal import Gain
    from emoreport.annotators.personalize import Personalized

_word: Final = Words("personalize")

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="STATS_DIR...", help="personalize.stats_dirs", show_default=False),
]
Labels = Annotated[
    list[Path] | None,
    typer.Option("--labels", metavar="FILE", help="personalize.labels", show_default=False),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="personalize.out")]
Modality = Annotated[
    str, typer.Option("--modality", metavar="face|voice", help="personalize.modality")
]


@with_settings(("lang",))
def personalize(
    *,
    stats_dirs: Runs,
    out: Out,
    labels: Labels = None,
    modality: Modality = "face",
    coding: CodingOptions,
    as_json: Json = False,
    config: Config = None,
    quiet: Quiet = False,
    options: dict[str, Any],
) -> int:
    """Train a head for one speaker on a person's labels, and keep it only if it is proved."""
    from emoreport.annotators.personalize import personalize as train

    lang = checked_language(configured(config) | options)
    result = train(
        stats_dirs, labels or (), out, modality=_modality(modality), **coding.arguments()
    )
    show_caveats(result.caveats, lang)
    if as_json:
        print(json.dumps(result.document(), indent=2, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        _show(result, out, lang)
    if result.proof.reason is None:
        return EXIT_OK
    error_line(_word(f"refused.{result.proof.reason}", lang, **_values(result, lang)))
    return EXIT_VIDEO_FAILED


def _modality(name: str) -> Literal["face", "voice"]:
    if name == "face":
        return "face"
    if name == "voice":
        return "voice"
    raise SettingsError("annotators.modality", modality=name)


def _show(result: Personalized, out: Path, lang: str) -> None:
    coded = ", ".join(
        f"{label_name(name, lang)} {number(seconds, 1, lang)}"
        for name, seconds in result.coded_s.items()
    )
    print(_word("line.coded", lang, coded=coded, **_values(result, lang)))
    proof = result.proof
    if proof.accuracy_gain.value == proof.accuracy_gain.value:  # not NaN
        columns = ("figure", "universal", "personal", "gain")
        print_table(
            [_word(f"column.{name}", lang) for name in columns],
            [
                [
                    _word("row.accuracy", lang),
                    number(proof.universal_accuracy, 3, lang),
                    number(proof.personal_accuracy, 3, lang),
                    _gain(proof.accuracy_gain, lang),
                ],
                [
                    _word("row.recall", lang),
                    number(proof.universal_recall, 3, lang),
                    number(proof.personal_recall, 3, lang),
                    _gain(proof.recall_gain, lang),
                ],
            ],
        )
    if result.head is not None:
        print(_word("line.written", lang, head=out))


def _gain(gain: Gain, lang: str) -> str:
    if gain.low is None or gain.high is None:
        return decimal(f"{gain.value:+.3f}", lang)
    low, high = (decimal(f"{bound:+.3f}", lang) for bound in (gain.low, gain.high))
    return _word("line.gain", lang, value=decimal(f"{gain.value:+.3f}", lang), low=low, high=high)


def _values(result: Personalized, lang: str) -> dict[str, str]:
    return {
        "seconds": number(result.proof.coded_s, 1, lang),
        "passages": str(result.proof.passages),
        "gap": number(result.proof.gap_s, 1, lang),
    }
