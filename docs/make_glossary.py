"""Write docs/glossary.md from docs/glossary.toml: ``python docs/make_glossary.py``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from emoreport.messages import label_name
from emoreport.vocabulary import ALL_LABELS

SOURCE: Final = Path(__file__).with_name("glossary.toml")
TARGET: Final = Path(__file__).with_name("glossary.md")

HEAD: Final = """\
# Glossary · Глоссарий

<!-- Written by docs/make_glossary.py from docs/glossary.toml; a test holds it to both. -->

Each term has one name in English and one in Russian. Tables, page, workbook, messages and these
pages use no other. · У каждого термина одно название по-английски и одно по-русски; других нет ни в
таблицах, ни на странице, ни в книге Excel, ни в сообщениях, ни в этой документации.
"""


def page() -> str:
    """Content of docs/glossary.md."""
    terms = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["term"]
    told = ((term["en"], term["ru"], term["means_en"], term["means_ru"]) for term in terms)
    names = (
        (f"`{label}`", *(label_name(label, lang) for lang in ("en", "ru"))) for label in ALL_LABELS
    )
    return "\n".join(
        [
            HEAD,
            *_table(("English", "Русский", "meaning", "значение"), told),
            "",
            "## Labels · Метки",
            "",
            *_table(("in the files · в файлах", "English", "Русский"), names),
            "",
        ]
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    titles = tuple(head)
    lines = (titles, ("---",) * len(titles), *rows)
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
