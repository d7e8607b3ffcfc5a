"""How often a model is right when it names an emotion, in words: page and workbook."""

from __future__ import annotations

from typing import Final

from emoreport.finding import percent
from emoreport.messages import Words, label_name
from emoreport.records import ModelRecord, Precision

_say = Words("precision")

MOSTLY: Final = 0.75
OFTEN: Final = 0.5
FEW: Final = 100
"""Where an emotion was named less often, the number is told too: the share is uncertain."""


def precision_sentence(model: ModelRecord, lang: str) -> str:
    """What the test of a model says of each emotion, those that it is seldom right about last.

    Parameters
    ----------
    model
        A model that names emotions.
    lang
        Language code.
    """
    known = model.precision
    if known is None:
        return _say("unknown", lang)
    ordered = sorted(known.right, key=lambda label: -known.right[label])
    groups: dict[str, list[str]] = {"mostly": [], "often": [], "seldom": [], "never": []}
    for label in ordered:
        share = known.right[label]
        group = "mostly" if share >= MOSTLY else "often" if share >= OFTEN else "seldom"
        groups[group].append(_told(label, known, lang))
    groups["never"] = [label_name(each, lang) for each in model.labels if each not in known.right]
    parts = [_say(group, lang, named=", ".join(named)) for group, named in groups.items() if named]
    return _say("sentence", lang, data=", ".join(known.data), parts="; ".join(parts))


def _told(label: str, known: Precision, lang: str) -> str:
    name, share, said = label_name(label, lang), percent(known.right[label]), known.said[label]
    return _say("few" if said < FEW else "many", lang, emotion=name, share=share, said=said)
