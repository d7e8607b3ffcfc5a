"""The words of a talk on report.html, in a real browser: read, clicked, searched, printed."""

from __future__ import annotations

import dataclasses

import pytest

from emoreport.page.document import PageVideo, page_html
from emoreport.page.modalities import TALKING
from emoreport.records import Transcript, Word
from emoreport.results import ModalityStatistic
from emoreport.run.page_video import page_bytes, seen_from
from emoreport.run.read import read_report
from tests.fixtures.browser import needs_chromium, wait_until
from tests.fixtures.media import constant_rate, tone
from tests.fixtures.readings import with_contour
from tests.fixtures.stored import store, wandering_talk

pytestmark = needs_chromium

TALK_S = 60.0
HOSTILE = "<img src=x onerror=hit=1>"
SENTENCE = ("Ещё", "ёлка", "и", "снова", "Елка", "</script><script>hit=1", HOSTILE)
ENTITY = "&lt;b&gt;"
THREE = (
    ModalityStatistic("agreement", "all", "share", 0.25, expected=0.1, p_value=0.03, seconds=40.0),
    ModalityStatistic("words_after", "face_text", "seconds"),
    *(
        ModalityStatistic(*figure, emotion="surprise", **known)
        for figure, known in {
            ("in_speech", "face_text", "probability"): {
                "value": 0.12, "low": 0.05, "high": 0.2, "p_value": 0.04,
            },
            ("at_open_vowels", "face_text", "probability"): {},
            ("explained_by_speech", "face_text", "share"): {"value": 0.015},
        }.items()
    ),
    *(
        ModalityStatistic(statistic, "face_text", "share", emotion="anger", note="too_short")
        for statistic in TALKING
    ),
)  # fmt: skip
CURRENT = "document.querySelector('#said-lines [aria-current]')?.textContent"


def transcript(duration_s=TALK_S, step_s=0.5):
    """A word each half second; every seventh ends a sentence, the last of all is an entity."""
    count = int(duration_s / step_s)
    words = [
        Word(
            ENTITY if at == count - 1 else SENTENCE[at % len(SENTENCE)],
            at * step_s,
            at * step_s + 0.8 * step_s,
            after="." if at % len(SENTENCE) == len(SENTENCE) - 1 else "",
        )
        for at in range(count)
    ]
    return Transcript(tuple(words), source="srt", language="ru")


def report_with_words(folder, duration_s=TALK_S, words=None):
    faces, speech = wandering_talk(duration_s)
    store(folder, faces, with_contour(speech), duration_s)
    return dataclasses.replace(read_report(folder), transcript=words or transcript(duration_s))


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A talk with words and its video."""
    root = tmp_path_factory.mktemp("words")
    video = constant_rate(root / "talk.mp4", seconds=TALK_S, fps=10.0, sound=tone(TALK_S))
    report = report_with_words(root / "talk")
    # Without a text model nothing is known of the three, and a minute is too short for the mouth.
    report.__dict__["analysis"] = dataclasses.replace(report.analysis, modality_statistics=THREE)
    source = seen_from(root / "talk", report.run.input, video)
    content = page_bytes(report, source, video=video, lang="en", mode="link")
    (root / "talk" / "report.html").write_bytes(content)
    return root / "talk" / "report.html"


def at_s(page):
    return page.evaluate("emoreport.state.time")


def test_a_transcript_is_text_whatever_it_holds(talk, open_page):
    page = open_page(talk)
    assert page.evaluate("window.hit") is None
    assert page.locator("#words img, #watch img, #words script").count() == 0
    assert page.locator("#said-lines li").first.inner_text().split("\n")[-1] == (
        "Ещё ёлка и снова Елка </script><script>hit=1 " + HOSTILE + "."
    )
    assert page.locator("[data-word]").last.inner_text() == ENTITY
    quotes = page.locator("#watch-list q").all_inner_texts()
    assert quotes
    assert any(HOSTILE in quote for quote in quotes)


def test_every_moment_quotes_what_is_said_in_it_and_words_of_one_row_stand_once(talk, open_page):
    page = open_page(talk)
    page.evaluate("document.getElementById('moments-block').open = true")
    page.wait_for_selector("#moments q")
    quoted = " ".join(page.locator("#moments q").all_inner_texts()).split()
    assert len(quoted) == len(" ".join(SENTENCE[at % 7] for at in range(119)).split()) + 1
    page.select_option("#order", "by_severity")
    assert page.locator("#moments [data-row]").count() >= page.locator("#moments q").count() > 3
    assert page.locator("#moments td:has(q + q)").count() == 0


def test_a_word_leads_to_its_moment_and_the_present_one_is_marked(talk, open_page):
    page = open_page(talk)
    page.locator('[data-word="15"]').click()
    assert at_s(page) == pytest.approx(7.5)
    assert page.evaluate(CURRENT) == "ёлка"
    assert "ёлка" in page.locator("#live").text_content()
    page.evaluate("emoreport.seek(7.95)")  # between two words: the line alone
    assert page.evaluate(CURRENT) is None
    assert page.locator("#said-lines li.now").get_attribute("data-line") == "2"
    page.locator("#said-lines .go").nth(4).click()
    assert at_s(page) == pytest.approx(14.0)


def test_the_words_go_along_while_it_plays(talk, open_page):
    page = open_page(talk)
    wait_until(page, "document.getElementById('video').readyState > 0")
    page.select_option("#rate", "2")
    page.click("#play")
    wait_until(page, f"emoreport.state.time > 4.2 && {CURRENT} !== undefined", timeout_s=20)
    line = page.evaluate("+document.querySelector('#said-lines li.now').dataset.line")
    assert line >= 1
    page.click("#play")


def test_the_keyboard_goes_from_word_to_word(talk, open_page):
    page = open_page(talk)
    page.evaluate("emoreport.seek(10)")
    page.keyboard.press("]")
    assert at_s(page) == pytest.approx(10.5)
    page.keyboard.press("[")
    page.keyboard.press("[")
    assert at_s(page) == pytest.approx(9.5)
    page.evaluate("emoreport.seek(9.7)")  # within a word: its beginning first
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Х', bubbles: true }))"
    )
    assert at_s(page) == pytest.approx(9.5)
    page.keyboard.press("/")
    page.keyboard.type("n]")  # typed, not obeyed
    assert page.input_value("#find") == "n]"
    assert at_s(page) == pytest.approx(9.5)


def test_a_search_minds_neither_case_nor_yo_and_goes_from_hit_to_hit(talk, open_page):
    page = open_page(talk)
    page.fill("#find", "ЕЛКА")
    expected = [at / 2 for at in range(120) if at % 7 in {1, 4} and at != 119]
    assert page.locator("#hits").inner_text() == f"{len(expected)} found"
    assert page.locator("#said-lines mark").count() == len(expected)
    page.evaluate("emoreport.seek(3)")
    assert page.locator("#hits").inner_text() == f"{len(expected)} found"
    for number in (expected.index(4.0), expected.index(4.0) + 1):
        page.press("#find", "Enter")
        assert at_s(page) == pytest.approx(expected[number])
        assert page.locator("#hits").inner_text() == f"{number + 1} of {len(expected)}"
    page.press("#find", "Shift+Enter")
    assert at_s(page) == pytest.approx(4.0)
    for _ in range(3):
        page.click("#hit-back")
    assert at_s(page) == pytest.approx(expected[-1])  # round the end
    assert page.locator("mark.this").inner_text().lower() in {"елка", "ёлка"}
    page.fill("#find", "снова, елка")  # a phrase, whatever stands between its words
    assert page.locator("#hits").inner_text() == f"{120 // 7} found"
    page.fill("#find", "nothing like it")
    assert page.locator("#hits").inner_text() == "not found"
    assert page.locator("#hit-on").is_disabled()
    page.fill("#find", "")
    assert page.locator("#hits").inner_text() == ""
    assert page.locator("mark").count() == 0


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_words_are_usable_by_all_and_fit_the_screen(talk, open_page, width, scheme, lang):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(talk, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.select_option("#language", lang)
    page.fill("#find", "ёлка")
    page.press("#find", "Enter")
    page.evaluate("document.getElementById('three-block').open = true")
    page.wait_for_selector("#talking tbody tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        page.locator("#words-title").inner_text()
        == {"en": "What is said", "ru": "Что сказано"}[lang]
    )
    found = Axe().run(page).response
    assert len(found["passes"]) > 20
    bad = [
        (entry["id"], [node["html"][:120] for node in entry["nodes"]])
        for entry in found["violations"]
        if entry["impact"] in {"serious", "critical"}
    ]
    assert bad == []


def test_face_voice_and_words_are_held_against_each_other(talk, open_page):
    page = open_page(talk)
    page.evaluate("document.getElementById('three-block').open = true")
    page.wait_for_selector("#talking tbody tr")
    figures = page.locator("[data-block=three]").inner_text()
    assert "All three agree\n25.0 %\nexpected by chance 10.0 %\np = 0.030" in figures
    assert "Not known: Lag of the words behind the face" in figures
    (surprise,) = page.locator("#talking tbody tr").all_inner_texts()
    assert "0.12\n[0.05; 0.20]\np = 0.040" in surprise
    assert "1.5 %" in surprise
    assert "too little time" in page.locator("#talking-notes").inner_text()


def test_the_words_are_drawn_on_the_axis_of_the_tracks(talk, open_page):
    page = open_page(talk, expected=("willReadFrequently",))
    inked = (
        "(() => { const canvas = document.querySelector('#words-axis canvas');"
        " const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 30);"
        " return data.filter((value, i) => i % 4 === 3 && value > 0).length; })()"
    )
    assert page.evaluate(inked) > 500
    x = "document.querySelector('#{} .playhead').getBoundingClientRect().x"
    page.evaluate("emoreport.seek(30)")
    page.evaluate("emoreport.timeAxis.show(25, 35)")
    page.wait_for_timeout(50)
    tracks, words = (page.evaluate(x.format(name)) for name in ("tracks", "words-axis"))
    assert words == pytest.approx(tracks, abs=1.0)


def test_moments_are_printed_with_their_words_on_two_pages(tmp_path, open_page):
    report = report_with_words(tmp_path / "talk", 480.0)
    content = page_html(report, lang="ru", video=PageVideo("none"))
    (tmp_path / "page.html").write_bytes(content)
    page = open_page(tmp_path / "page.html")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 2
    page.emulate_media(media="print")
    assert page.locator("#watch-list q").first.is_visible()
    assert page.locator("#words").is_hidden()


def test_an_hour_of_words_stays_small_and_fast(tmp_path, open_page):
    plain = report_with_words(tmp_path / "talk", 3600.0)
    content = page_html(plain, lang="en", video=PageVideo("none"))
    bare = page_html(
        dataclasses.replace(plain, transcript=None), lang="en", video=PageVideo("none")
    )
    assert 7000 <= len(plain.analysis.words) <= 7200
    assert len(content) - len(bare) < 500_000
    (tmp_path / "hour.html").write_bytes(content)
    page = open_page(tmp_path / "hour.html")
    assert page.locator("[data-word]").count() < 1500
    page.evaluate("emoreport.seek(3000.1)")
    assert page.evaluate(CURRENT) == SENTENCE[6000 % 7]
    timed = "(() => { const from = performance.now(); {}; return performance.now() - from; })()"
    page.fill("#find", "ёлка")
    again = "document.getElementById('find').dispatchEvent(new Event('input'))"
    assert min(page.evaluate(timed.replace("{}", again)) for _ in range(3)) < 200
    drawn = "emoreport.timeAxis.drawAll()"
    assert min(page.evaluate(timed.replace("{}", drawn)) for _ in range(3)) < 500
