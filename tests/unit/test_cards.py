from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from emoreport.models.store.model_choice import ORDER
from emoreport.models.store.registry import ModelEntry, registry

CARDS = Path(__file__).parents[2] / "docs" / "models"
HEADINGS = [
    "What it is",
    "Source",
    "What it was trained on",
    "Licences and terms",
    "Published accuracy",
    "Known weaknesses",
    "Input",
    "Label order",
    "Intended and excluded use",
    "Citation",
]
EVERY = list(registry().values())
PULLED = [entry for entry in EVERY if entry.source.kind != "package"]
SHIPPED = [entry for entry in EVERY if entry.source.kind == "package"]

every_pulled = pytest.mark.parametrize("entry", PULLED, ids=lambda entry: entry.name)


def flat(text: str) -> str:
    return " ".join(text.split())


def card_text(entry: ModelEntry) -> str:
    return (CARDS / entry.card).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[list[str]]:
    """Cells of the tables of a section; the lines under their heads are left out."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not all(set(cell) <= {"-"} for cell in row)]


def relative_links() -> Iterator[tuple[str, str]]:
    for page in sorted(CARDS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                yield page.relative_to(CARDS).as_posix(), target


def test_the_cards_are_those_of_the_registry_and_no_others() -> None:
    found = {page.relative_to(CARDS).as_posix() for page in CARDS.rglob("*.md")}
    found -= {"README.md", "letters-ru.md"}  # what aligns is chosen by no name
    assert found == {entry.card for entry in EVERY}
    assert len(found) == len(EVERY)


@every_pulled
def test_a_card_is_called_as_the_model_and_says_how_to_get_it(entry: ModelEntry) -> None:
    head = flat(card_text(entry).partition("\n## ")[0])
    assert head.startswith(f"# {entry.name} ")
    assert f"`emoreport models pull {entry.name}`" in head
    assert entry.extra in {"", "full", "words"}
    for extra in ("full", "words"):
        assert (f"emoreport[{extra}]" in head) == (entry.extra == extra)


@every_pulled
def test_a_card_has_all_sections_in_order_and_none_is_empty(entry: ModelEntry) -> None:
    found = sections(card_text(entry))
    assert list(found) == HEADINGS
    assert [name for name, body in found.items() if len(flat(body)) < 20] == []


@every_pulled
def test_the_source_is_the_one_of_the_registry(entry: ModelEntry) -> None:
    source = sections(card_text(entry))["Source"]
    table = {row[0]: row[1] for row in rows(source) if len(row) == 2}
    assert f"`{entry.source.repository}`" in table["repository"]
    assert table["revision"].startswith(f"`{entry.source.revision}`")
    for file in entry.files:
        assert f"`{file.name}`" in source
        assert f"`{file.path}`" in source


@every_pulled
def test_every_digest_of_the_registry_stands_in_the_card_and_no_other(entry: ModelEntry) -> None:
    table = rows(sections(card_text(entry))["Source"])
    stated = [row[1] for row in table if row[0] in {"git blob id", "SHA-256", "MD5"}]
    known = [
        digest
        for file in entry.files
        for digest in (file.git_blob, file.sha256, file.md5)
        if digest
    ]
    assert sorted(stated) == sorted(f"`{digest}`" for digest in known)
    sizes = [f"{file.size_bytes:,} bytes" for file in entry.files if file.size_bytes]
    assert [size for size in sizes if size not in sections(card_text(entry))["Source"]] == []


@every_pulled
def test_the_label_order_is_the_one_of_the_registry(entry: ModelEntry) -> None:
    table = [row for row in rows(sections(card_text(entry))["Label order"]) if row[0].isdigit()]
    # Several published classes may have one label.
    labels = dict.fromkeys(row[2] for row in table if row[2] != "none")
    assert tuple(labels) == entry.labels
    assert [int(row[0]) for row in table] == list(range(len(table)))


@every_pulled
def test_published_class_names_are_those_that_the_adapter_expects(entry: ModelEntry) -> None:
    published = entry.details.get("class_order")
    table = [row for row in rows(sections(card_text(entry))["Label order"]) if row[0].isdigit()]
    if published is not None:
        assert [row[1] for row in table] == list(published)
    else:
        assert tuple(row[1].lower() for row in table) == entry.labels


@every_pulled
def test_terms_and_citation_are_those_of_the_registry(entry: ModelEntry) -> None:
    found = sections(card_text(entry))
    table = {row[0]: row[1] for row in rows(found["Licences and terms"]) if len(row) == 2}
    assert table["code"] == entry.code_licence
    assert table["weights"] == entry.weights_licence
    assert table["data"] == entry.data_terms
    assert entry.citation in flat(found["Citation"])


@pytest.mark.parametrize(
    "entry", [one for one in PULLED if one.family == "hsemotion"], ids=lambda one: one.name
)
def test_size_and_normalisation_of_faces_are_those_of_the_registry(entry: ModelEntry) -> None:
    found = sections(card_text(entry))
    size, details = entry.details["input_px"], entry.details
    assert f"(N, 3, {size}, {size})" in found["Input"]
    for values in (details["mean"], details["std"]):
        assert f"({', '.join(str(value) for value in values)})" in found["Input"]
    columns = len(entry.labels) + (2 if details["valence_arousal"] else 0)
    assert f"float32 (N, {columns})" in found["Input"]
    assert ("raw outputs" in flat(found["Label order"])) == details["valence_arousal"]
    if "features" in details:
        assert f"{details['features']:,} features" in flat(found["What it is"])


@pytest.mark.parametrize(
    "entry", [one for one in PULLED if one.kind == "voice"], ids=lambda one: one.name
)
def test_windows_of_voices_are_those_of_the_registry(entry: ModelEntry) -> None:
    shortest, longest = entry.details["min_window_s"], entry.details["max_window_s"]
    assert f"{shortest:g} to {longest:g} s" in sections(card_text(entry))["Input"]


@every_pulled
def test_excluded_uses_are_named(entry: ModelEntry) -> None:
    use = flat(sections(card_text(entry))["Intended and excluded use"])
    for words in ("lie detection", "diagnosis", "AI Act", "workplace and in education"):
        assert words in use


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.name)
def test_the_card_of_a_shipped_model_has_its_label_order(entry: ModelEntry) -> None:
    assert ", ".join(entry.labels) in flat(card_text(entry))


def test_the_index_gives_the_order_of_auto() -> None:
    index = (CARDS / "README.md").read_text(encoding="utf-8")
    table = {row[0]: row[1] for row in rows(sections(index)["What `auto` takes"])}
    for flag, role in (
        ("`--face auto`", "face"),
        ("`--speech auto`", "voice"),
        ("`--face-detector auto`", "detector"),
        ("`transcribe --model auto`", "words"),
    ):
        named = re.findall(r"`([^`]+)`", table[flag])
        assert [name for name in named if name in registry()] == list(ORDER[role])  # type: ignore[index]
        assert ("`compact`" in table[flag]) == (f"compact-{role}" in registry())


def test_no_relative_link_is_dead() -> None:
    links = list(relative_links())
    assert links
    dead = [
        (page, target)
        for page, target in links
        if not ((CARDS / page).parent / target.partition("#")[0]).exists()
    ]
    assert dead == []


def test_pages_name_no_place_on_somebodys_machine() -> None:
    for page in CARDS.rglob("*.md"):
        assert re.findall(r"/(?:home|tmp|root|work)/", page.read_text(encoding="utf-8")) == []


def test_the_dusha_card_states_the_correction_of_the_class_bias_as_it_is() -> None:
    content = (
        resources.files("emoreport.models.families").joinpath("dusha_bias.toml").read_text("utf-8")
    )
    fitted = tomllib.loads(content)
    text = (CARDS / "dusha.md").read_text(encoding="utf-8")
    for label, offset in fitted["offsets"].items():
        assert f"{label} {offset:+.4f}" in flat(text)
    assert f"{fitted['provenance']['fitted_on_clips']:,} clips" in flat(text)
    assert f"of {len(fitted['provenance']['fitted_on_speakers'])} speakers" in flat(text)
    stated = [row for row in rows(sections(text)["Known weaknesses"])[1:] if row[1].isdigit()]
    measured = [
        [corpus, str(part["without"]["clips"]), str(part["without"]["speakers"])]
        + [
            f"{part[kind][key]:.2f}"
            for key in ("macro_recall", "recall_neutral", "called_neutral")
            for kind in ("without", "with")
        ]
        for corpus, part in fitted["unseen_speakers"].items()
    ]
    assert [[row[0].lower(), *row[1:]] for row in stated] == measured
