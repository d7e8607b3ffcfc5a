"""README and docs print what the program prints: their commands are run and compared."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "docs" / "make_readme.py"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lang", SCRIPT["PAGES"])
def test_what_is_printed_in_readme_and_docs_is_what_the_program_prints(
    lang: str, tmp_path: Path
) -> None:
    desk = SCRIPT["Desk"](tmp_path, lang)
    for page in SCRIPT["PAGES"][lang]:
        written = (ROOT / page).read_text(encoding="utf-8")
        assert SCRIPT["differences"](written, SCRIPT["made"](page, desk)) == [], "run `make readme`"


def test_digits_of_another_processor_are_no_difference_and_words_are() -> None:
    def block(line: str) -> str:
        return f"<!-- output -->\n```text\n$ emoreport\n{line}\n```\n"

    differences = SCRIPT["differences"]
    line = "neutral,0.000,4.600,4.600,0.8448 (onnxruntime 1.31.1, cpu)"
    same = "neutral,0.000,4.640,4.640,0.8391 (onnxruntime 1.40.0, cpu)"
    assert differences(block(line), block(same)) == []
    assert differences(block(line), block(line.replace(" (", "\n("))) == []
    for other in (
        line.replace("neutral", "anger"),
        line.replace("4.600,0", "5.600,0"),
        f"{line}\nmore",
    ):
        assert differences(block(line), block(other))
