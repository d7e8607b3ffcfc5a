import base64
import re
import struct
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import emoreport
from emoreport.errors import SettingsError
from emoreport.finding import finding_sentence
from emoreport.messages import label_name
from tests.fixtures.stored import store, wandering_talk

DURATION_S = 60.0
NAME = "<b>a & 'b'</b>.mp4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    faces, speech = wandering_talk(DURATION_S)
    folder = tmp_path_factory.mktemp("runs") / "talk"
    return store(folder, faces, speech, DURATION_S, name=NAME)


class Outline(HTMLParser):
    """Tags and words of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_report_is_shown_in_five_lines(folder, lang):
    report = emoreport.read(folder, lang=lang)
    first, *lines = repr(report).splitlines()
    assert first.startswith((f"Report: {NAME}, 60.0 s", f"Report: {NAME}, 60,0 с"))
    assert len(lines) == 4
    dominant = label_name(report.analysis.summary.dominant_video_emotion, lang)
    assert lines[0].endswith(f": {dominant}")
    assert "%" in lines[2]
    assert lines[3].endswith("compact")


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_notebook_shows_the_finding_the_timeline_and_the_figures(folder, lang):
    report = emoreport.read(folder, lang=lang)
    shown = Outline(report._repr_html_())
    assert not shown.open
    assert {tag for tag, _ in shown.tags} == {"div", "p", "b", "img", "table", "tr", "th", "td"}
    text = " ".join(shown.words)
    assert finding_sentence(report, lang) in text
    assert NAME in shown.words
    (picture,) = [attributes for tag, attributes in shown.tags if tag == "img"]
    kind, content = picture["src"].split(",")
    assert kind == "data:image/png;base64"
    width, _ = struct.unpack(">II", base64.b64decode(content)[16:24])
    assert width == pytest.approx(2 * int(picture["width"]), abs=2)
    assert NAME in picture["alt"]


def test_plots_are_shown_and_saved(folder, tmp_path):
    plot = emoreport.read(folder).plot("shares", lang="ru")
    png, size = plot._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": round(3.46 * 96)}
    assert "время с эмоцией" in repr(plot)
    for name in ("shares.png", "shares.SVG"):
        path = plot.save(tmp_path / name)
        assert path.read_bytes() == plot.content(path.suffix[1:].lower())
    with pytest.raises(SettingsError, match=r"\.png or \.svg"):
        plot.save(tmp_path / "shares.pdf")


def test_an_unknown_plot_is_answered_with_the_nearest(folder):
    with pytest.raises(SettingsError, match=r"did you mean timeline\?"):
        emoreport.read(folder).plot("timelines")


def test_settings_can_be_changed_while_a_run_is_read(folder):
    report = emoreport.read(folder, min_interval=5.0)
    assert report.video_intervals["duration"].min() >= 5.0 - 1e-9
    assert type(report) is emoreport.Report
    with pytest.raises(SettingsError, match="changes the readings"):
        emoreport.read(folder, fps=5)


def test_reading_a_run_loads_neither_video_nor_models(folder):
    code = (
        "import sys, emoreport; report = emoreport.read(sys.argv[1]); report.summary; "
        "print([m for m in ('cv2', 'mediapipe', 'onnxruntime', 'torch', 'matplotlib') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder], check=True, capture_output=True, text=True
    )
    assert re.fullmatch(r"\[\]", done.stdout.strip())
