"""Every text that a person reads, in English and Russian: TOML files and how to look them up."""

from emoreport.messages.catalogue import (
    WHY_A_MODEL,
    Phrase,
    Words,
    decimal,
    figures,
    keys,
    label_name,
    number,
    retold,
    text,
)
from emoreport.messages.language import language_of_locale, languages, speak, speaking, spoken

__all__ = [
    "WHY_A_MODEL",
    "Phrase",
    "Words",
    "decimal",
    "figures",
    "keys",
    "label_name",
    "language_of_locale",
    "languages",
    "number",
    "retold",
    "speak",
    "speaking",
    "spoken",
    "text",
]
