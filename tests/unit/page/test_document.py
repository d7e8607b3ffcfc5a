import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import get_args

import pytest

from emoreport.page import document as page_module
from emoreport.page.document import LIMITS, PageVideo, page_html, page_words, policy
from emoreport.records import MediaRecord, Placed, Span
from emoreport.results import SpokenWord
from emoreport.settings import LANGUAGES
from emoreport.studies.comparability import MODELS
from tests.fixtures.page import NASTY, findings


def made(video=None, lang="en", **run):
    return page_html(findings(**run), lang=lang, video=video or PageVideo("none")).decode("utf-8")


def source(text):
    """What a policy calls a script or a style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Reader(HTMLParser):
    """Elements with their attributes, and the text of scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self._inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.scripts[-1] += data

    def found(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


SAID = (
    SpokenWord(Span(0.1, 0.5), "</script>", ".", None, 1, "given", 1),
    SpokenWord(Span(0.6, 0.9), "Да", "", None, 1, "given", 1),
)


def made_with_words(words=SAID):
    """A page with words."""
    plain = findings()
    spoken = dataclasses.replace(plain, analysis=dataclasses.replace(plain.analysis, words=words))
    return page_html(spoken, lang="en", video=PageVideo("none")).decode("utf-8")


@pytest.mark.parametrize("with_words", [False, True])
def test_only_the_pages_own_scripts_have_a_hash(with_words):
    page = made_with_words() if with_words else made()
    reader = Reader(page)
    (rule,) = (
        entry["content"]
        for entry in reader.found("meta")
        if entry.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(part.strip().split(" ", 1) for part in rule.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in "".join(rules.values())
    scripts = [
        text
        for text, attributes in zip(reader.scripts, reader.found("script"), strict=True)
        if "type" not in attributes
    ]
    assert scripts == list(page_module.page_scripts(with_words))
    assert rules["script-src"].split() == [source(text) for text in scripts]
    style = page_module.page_style(with_words)
    assert f"<style>{style}</style>" in page
    assert rules["style-src"] == source(style)


def test_words_are_text_and_never_markup():
    reader = Reader(made_with_words())
    said = json.loads(reader.scripts[1])
    assert said == {
        "start": [0.1, 0.6],
        "end": [0.5, 0.9],
        "text": ["</script>.", "Да"],
        "lines": [0, 1],
        "placed": ["given"],
        "clauses": [],
    }
    assert [entry.get("id") for entry in reader.found("script")][:2] == ["data", "said"]


@pytest.mark.parametrize("words", [None, ()])
def test_a_page_without_words_has_nothing_for_them(words):
    text = made_with_words(words)
    assert text == made()
    texts = json.loads(Reader(text).scripts[0])["words"]
    assert not [key for lang in LANGUAGES for key in texts[lang] if key.startswith("said.")]
    assert "said" not in {entry.get("id") for entry in Reader(text).found("script")}
    assert page_module._asset(page_module.WORDS_STYLE) not in text


def test_nothing_is_loaded_from_elsewhere():
    reader = Reader(made(PageVideo("link", href="../talk.mp4")))
    addresses = [
        (tag, name, value)
        for tag, attributes in reader.elements
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "action", "data"}
    ]
    assert addresses == [
        ("link", "href", "data:,"),
        ("a", "href", "#moments-title"),
        ("video", "src", "../talk.mp4"),
    ]


def test_a_name_is_text_and_never_markup():
    text = made()
    assert "<script>alert" not in text
    assert "\u2028" not in Reader(text).scripts[0]
    document = json.loads(Reader(text).scripts[0])
    assert document["recording"]["name"] == NASTY
    assert document["models"][0]["name"] == document["settings"]["bridge"] == NASTY
    assert f"<title>{NASTY.split('>', maxsplit=1)[0]}" not in text
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#34;&#39;" in text


def test_a_name_that_is_no_text_is_still_shown():
    text = made(name=b"talk\xff.mp4".decode("utf-8", "surrogateescape"))
    assert "<h1>talk?.mp4</h1>" in text


@pytest.mark.parametrize(
    ("video", "sources"),
    [
        (PageVideo("link", href="a.mp4"), "file: 'self' blob:"),
        (PageVideo("embed", content=b"film"), "blob:"),
        (PageVideo("none"), "'none'"),
    ],
)
def test_the_video_comes_from_where_the_mode_says(video, sources):
    text = made(video)
    assert f"media-src {sources};" in text.replace("&#39;", "'")
    reader = Reader(text)
    assert len(reader.found("video")) == (video.mode != "none")
    assert ("a.mp4" in text) == (video.mode == "link")
    assert (base64.b64encode(b"film").decode() in text) == (video.mode == "embed")
    assert any(entry.get("type") == "file" for entry in reader.found("input")) == (
        video.mode != "none"
    )


def test_without_video_not_even_an_address_of_it_is_written():
    text = made(PageVideo("none", href="secret.mp4", content=b"secret"))
    assert "secret" not in text
    assert base64.b64encode(b"secret").decode() not in text


def test_the_place_of_the_video_has_the_shape_of_its_pictures():
    (video,) = Reader(made(PageVideo("link", href="a.mp4"))).found("video")
    assert (video["width"], video["height"]) == ("640", "480")
    (video,) = Reader(made(PageVideo("link", href="a.mp4"), media=MediaRecord(1.0))).found("video")
    assert "width" not in video


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_opens_in_its_language_and_holds_all(lang):
    text = made(lang=lang)
    assert f'<html lang="{lang}">' in text
    assert page_words()[lang]["limits.diagnosis"] in text
    document = json.loads(Reader(text).scripts[0])
    assert set(document["words"]) == set(document["names"]) == set(LANGUAGES)
    (sentence,) = document["warning_words"][lang]
    assert "12 %" in sentence


def test_every_limit_of_the_words_is_shown_once():
    limits = {key for key in page_words()["en"] if key.startswith("limits.")}
    limits -= {"limits.title", "limits.question"}
    assert limits == {f"limits.{key}" for key in LIMITS}
    text = made()
    assert all(text.count(f'data-w="{key}"') == 1 for key in limits)


def test_every_word_that_the_page_asks_for_is_there():
    known = page_words()["en"]
    text = made(PageVideo("link", href="a.mp4"))
    markup = text.split('<script type="application/json"')[0]
    asked = set(re.findall(r'data-w(?:-label)?="([^"]+)"', markup))
    assert asked
    assert asked <= set(known)
    scripts = "".join(page_module.page_scripts(with_words=True))
    asked_by_scripts = set(re.findall(r'\bt\(\s*"([a-z_.]+)"', scripts))
    assert len(asked_by_scripts) > 20
    assert asked_by_scripts <= set(known)


def test_every_word_of_the_page_is_used():
    folder = page_module.resources.files("emoreport.page")
    files = (
        "templates/page.html.jinja",
        "document.py",
        "figures.py",
        "content.py",
        "modalities.py",
    )
    source = "".join((folder / name).read_text(encoding="utf-8") for name in files)
    source += "".join(page_module.page_scripts(with_words=True))
    roles = {f"role.{role}" for role in MODELS} | {f"said.{placed}" for placed in get_args(Placed)}
    for key in page_words()["en"]:
        if key.split(".")[0] not in page_module.CODES and key not in roles:
            assert re.search(rf"\b{key.rsplit('.', maxsplit=1)[-1]}\b", source), key


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        page_module.script_json({"value": float("nan")})


def test_a_policy_names_scripts_by_what_they_are():
    assert policy(["a"], "", "none") != policy(["b"], "", "none")
    assert f"script-src {source('é')};" in policy(["é"], "", "link")


def test_no_script_of_the_page_ends_its_element():
    for script in map(str.lower, page_module.page_scripts(with_words=True)):
        assert "</script" not in script
        assert "<!--" not in script


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_finding_is_there_before_any_script_runs(lang):
    text = made(lang=lang)
    document = json.loads(Reader(text).scripts[0])
    assert set(document["finding"]) == set(LANGUAGES)
    assert f'<p id="finding">{document["finding"][lang]}</p>' in text
