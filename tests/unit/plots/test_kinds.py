import dataclasses
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex

from emoreport.plots.kinds import KINDS, draw_plot
from emoreport.plots.style import COLUMN_IN, PAGE_IN, number, p_text, statistic
from emoreport.records import Span
from emoreport.results import Analysis, Statistic, VideoInterval
from emoreport.settings.commands import PLOT_FORMATS, PLOT_KINDS
from emoreport.vocabulary import COLOURS
from tests.fixtures.results import (
    VOICE_LABELS,
    MadeFindings,
    acted,
    analysis,
    face_track,
    heard_windows,
    long_analysis,
    speech_track,
    summary,
    transition_statistics,
)

LANGUAGES = ("en", "ru")
CHANCE = {
    "en": "50 % of 2 s; chance alone would give 80 %: less than chance; p~=~0.0005",
    "ru": "50 % из 2 с; случайно получилось бы 80 %: меньше случайного; p~=~0,0005",
}
CHANCE = {lang: words.replace("~", "\N{NO-BREAK SPACE}") for lang, words in CHANCE.items()}


def findings(result=None, **values):
    return MadeFindings(result or analysis(**values), face_track(), speech_track())


def drawn(kind, result=None, lang="en", formats=("svg",)):
    plot = draw_plot(findings(result), kind, lang)
    return {form: plot.content(form) for form in formats}, repr(plot)


def words(kind, result=None, lang="en"):
    """Every text that the SVG shows."""
    contents, _ = drawn(kind, result, lang)
    root = ET.fromstring(contents["svg"])
    return [part.text for part in root.iter("{http://www.w3.org/2000/svg}text")]


def plot(kind, result=None, lang="en"):
    return KINDS[kind](findings(result), lang)


def bare():
    return Analysis((), (), (), (), summary(duration_s=0.0))


def without_emotion():
    span = Span(0.0, 5.0)
    row = VideoInterval(span, "no_face", None, 0.0, 125)
    return Analysis((row,), (), (), (), summary(duration_s=5.0))


def test_the_command_offers_every_plot():
    assert PLOT_KINDS.choices == PLOT_KINDS.default == tuple(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_talk_gives_the_same_bytes(kind):
    first, _ = drawn(kind, formats=PLOT_FORMATS.choices)
    assert first == drawn(kind, formats=PLOT_FORMATS.choices)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_as_wide_as_a_column_of_a_paper_at_300_dots_per_inch(kind):
    contents, _ = drawn(kind, formats=("png",))
    png = contents["png"]
    width, _height = struct.unpack(">II", png[16:24])
    assert width == int((PAGE_IN if kind == "timeline" else COLUMN_IN) * 300)
    place = png.index(b"pHYs") + 4
    per_metre, _, unit = struct.unpack(">IIB", png[place : place + 9])
    assert (round(per_metre * 0.0254), unit) == (300, 1)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_words_of_an_svg_are_text_in_the_language_asked_for(kind, lang):
    shown = " ".join(words(kind, lang=lang))
    assert ("радость" in shown) == (lang == "ru")
    assert ("happiness" in shown) == (lang == "en")
    content = drawn(kind, lang=lang)[0]["svg"].decode("utf-8")
    assert "DejaVuSans-" not in content  # the name of a letter that was drawn as a shape
    assert "<dc:date>" not in content


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["timeline", "matrix"])
def test_face_against_voice_never_stands_without_chance(kind, lang):
    contents, caption = drawn(kind, lang=lang)
    assert CHANCE[lang] in caption
    assert CHANCE[lang].split("; p")[0] in " ".join(words(kind, lang=lang)).replace("  ", " ")
    root = ET.fromstring(contents["svg"])
    (about,) = root.iter("{http://purl.org/dc/elements/1.1/}description")
    assert about.text == caption


def test_a_talk_that_was_not_tested_says_so():
    untested = {"mismatch_verdict": "not_enough_data", "mismatch_p_value": None}
    _, caption = drawn("matrix", analysis(**untested, mismatch_note="too_short"))
    assert "chance alone could give that (80 %): too short to tell." in caption
    _, caption = drawn("matrix", analysis(**untested, mismatch_share=None))
    assert "face and voice could not be compared anywhere" in caption


@pytest.mark.parametrize("result", [bare(), without_emotion()], ids=["bare", "without emotion"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_talk_with_nothing_in_it_is_drawn_as_such(kind, result):
    contents, caption = drawn(kind, result, formats=PLOT_FORMATS.choices)
    assert contents["png"].startswith(b"\x89PNG")
    assert "talk.mp4" in caption
    if kind in {"shares", "transitions"}:
        assert "nothing to draw" in " ".join(words(kind, result))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$x^2$ <b>&amp; ]]>.mp4", "$x^2$ <b>&amp; ]]>.mp4"),
        ("a\udcff.mp4", "a\\udcff.mp4"),
        ("語.mp4", "語.mp4"),
        ("a\x01\n.mp4", "a\\x01\\n.mp4"),
    ],
)
@pytest.mark.parametrize("kind", ["timeline", "shares"])
def test_any_file_name_is_taken(kind, name, shown):
    contents, caption = drawn(kind, analysis(video=name), formats=PLOT_FORMATS.choices)
    assert caption.startswith(shown)
    root = ET.fromstring(contents["svg"])
    (about,) = root.iter("{http://purl.org/dc/elements/1.1/}description")
    assert about.text == caption


def test_the_settings_of_matplotlib_stay_as_they_were_and_do_not_count():
    usual, _ = drawn("shares", formats=PLOT_FORMATS.choices)
    with mpl.rc_context({"font.size": 30.0, "svg.fonttype": "path", "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        other, _ = drawn("shares", formats=PLOT_FORMATS.choices)
        assert dict(mpl.rcParams) == before
    assert other == usual


def test_pyplot_and_its_state_are_not_used():
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.unit.plots.test_kinds import drawn\n"
        "drawn('matrix', formats=('png', 'svg'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=120)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_note_stays_inside_the_picture(kind, lang):
    figure = plot(kind, lang=lang).figure
    figure.draw_without_rendering()
    (note,) = [text for text in figure.texts if text.get_text()]
    assert note.get_window_extent().x1 <= figure.bbox.x1


# --------------------------------------------------------------------------- timeline


def test_the_timeline_shows_rows_in_their_colours_and_hatches_what_is_missing():
    face, voice, _, speech, severity = plot("timeline").figure.axes
    for axis, labels in (
        (face, ("happiness", "sadness", "no_face", "uncertain")),
        (voice, ("happiness", "no_speech")),
    ):
        bars = [one for one in axis.collections if one.get_hatch() or one.get_facecolor().size]
        filled = [one for one in bars if len(one.get_facecolor())]
        assert [to_hex(one.get_facecolor()[0]).upper() for one in filled] == [
            COLOURS[label] for label in labels
        ]
        hatched = {label: one.get_hatch() for label, one in zip(labels, filled, strict=True)}
        assert {label for label, hatch in hatched.items() if hatch} == set(labels) & {
            "no_face",
            "no_speech",
            "uncertain",
        }
    (spoken,) = speech.collections
    assert len(spoken.get_paths()) == len(speech_track().speech)
    assert severity.get_xlim() == (0.0, 10.0 / 3.0)


@pytest.mark.parametrize(("lang", "word"), [("en", "mouth open"), ("ru", "рот открыт")])
def test_the_timeline_has_a_row_for_the_actions_of_the_face(lang, word):
    acting = dataclasses.replace(analysis(), **acted())
    plain, drawn_actions = (words("timeline", result, lang) for result in (analysis(), acting))
    assert word in drawn_actions
    assert word not in plain


def test_severity_is_a_bar_where_compared_and_a_hatch_where_not():
    severity = plot("timeline").figure.axes[-1]
    mismatch, match, gap = severity.containers
    assert [bar.get_height() for bar in mismatch] == [0.6]
    assert [bar.get_height() for bar in match] == [0.05]
    assert [(bar.get_x(), bar.get_height(), bar.get_hatch()) for bar in gap] == [
        (1.5004, 1.0, "////"),
        (2.0008, 1.0, "////"),
        (pytest.approx(7 / 3), 1.0, "////"),
    ]


def test_the_probabilities_of_the_voice_are_stacked_where_somebody_speaks():
    axis = plot("timeline").figure.axes[2]
    first = max(piece.distribution[0] for piece in analysis().heard_windows)
    bounds = [area.get_paths()[0].get_extents() for area in axis.collections]
    assert len(bounds) == len(VOICE_LABELS)
    assert {(area.x0, area.x1) for area in bounds} == {(0.1, 1.5)}
    assert bounds[-1].y1 == pytest.approx(1.0, abs=1e-6)
    assert bounds[0].y1 == pytest.approx(first)
    assert all(len(area.get_paths()) == 1 for area in axis.collections)
    apart = heard_windows((0.1, 1.0), (1.25, 1.5))
    axis = plot("timeline", dataclasses.replace(analysis(), heard_windows=apart)).figure.axes[2]
    for area in axis.collections:
        parts = [path.get_extents() for path in area.get_paths()]
        assert [(part.x0, part.x1) for part in parts] == [(0.1, 1.0), (1.25, 1.5)]
    assert not plot("timeline", bare()).figure.axes[2].collections


@pytest.mark.parametrize(("seconds", "word"), [(120.0, "time, s"), (3600.0, "time, min:s")])
def test_long_talks_have_minutes_on_the_axis(seconds, word):
    assert word in words("timeline", long_analysis(40, seconds))


# --------------------------------------------------------------------------- shares


def test_shares_are_those_of_the_time_with_an_emotion():
    shown = words("shares")
    assert shown.count("50 %") >= 2
    assert "100 %" in shown
    note = " ".join(shown)
    assert "face 2.0 s" in note
    assert "too few data for confidence intervals" in note


def test_an_emotion_that_a_model_does_not_know_is_no_zero():
    result = analysis()
    rows = [dataclasses.replace(result.video_intervals[1], emotion="contempt")]
    rows = (result.video_intervals[0], *rows, *result.video_intervals[2:])
    assert "contempt" not in VOICE_LABELS
    shown = words("shares", dataclasses.replace(result, video_intervals=rows))
    assert shown.count("the model has no such class") == 1


def test_intervals_are_drawn_where_they_are_known():
    rows = (
        *transition_statistics(),
        Statistic("time_share", "share", value=0.5, low=0.3, high=0.7, emotion="sadness"),
        Statistic("time_share", "share", value=0.5, low=0.1, high=0.9, emotion="happiness"),
    )
    (axis,) = plot(
        "shares", dataclasses.replace(analysis(), transition_statistics=rows)
    ).figure.axes
    assert [list(line.get_xdata()) for line in axis.lines] == [[0.1, 0.9], [0.3, 0.7]]
    assert plot("shares").figure.axes[0].lines[:] == []


@pytest.mark.parametrize("kind", ["timeline", "shares", "matrix"])
def test_a_label_that_counts_as_another_says_so(kind):
    result = analysis()
    voice = tuple(
        dataclasses.replace(row, emotion={"happiness": "positive"}.get(row.emotion, row.emotion))
        for row in result.voice_intervals
    )
    pieces = tuple(dataclasses.replace(row, audio_emotion="positive") for row in result.face_voice)
    shown = words(kind, dataclasses.replace(result, voice_intervals=voice, face_voice=pieces))
    assert "□ positive (= happiness)" in shown


# --------------------------------------------------------------------------- transitions


def test_the_graph_counts_beside_chance_and_marks_what_differs():
    shown = words("transitions")
    assert "1 (0.5)*" in shown
    other = dataclasses.replace(transition_statistics()[0], p_adjusted=0.051)
    result = dataclasses.replace(analysis(), transition_statistics=(other,))
    assert "1 (0.5)" in words("transitions", result)
    result = dataclasses.replace(analysis(), transition_statistics=())
    assert "1" in words("transitions", result)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"p_value": 0.0123}, "p\u00a0=\u00a00.0123, 3 transitions"),
        ({"p_value": 0.00001}, "p\u00a0<\u00a00.0001, 3 transitions"),
        ({"note": "too_few_transitions"}, "no test (too few transitions)"),
        ({}, "no test (not known)"),
    ],
)
def test_the_order_of_the_emotions_is_tested_or_says_why_not(facts, said):
    rows = (Statistic("order", "probability", count=3, **facts),)
    _, caption = drawn("transitions", dataclasses.replace(analysis(), transition_statistics=rows))
    assert said in caption


def test_nodes_are_as_large_as_the_time_of_their_emotion():
    result = analysis()
    first = dataclasses.replace(result.video_intervals[0], span=Span(0.0, 0.5))
    result = dataclasses.replace(result, video_intervals=(first, *result.video_intervals[1:]))
    (axis,) = plot("transitions", result).figure.axes
    small, large = (one.get_sizes()[0] for one in axis.collections)
    assert small / large == pytest.approx(0.5 / 1.0004)


def test_numbers_of_the_graph_do_not_cover_each_other():
    result = long_analysis(80)
    figure = plot(
        "transitions", dataclasses.replace(result, transitions=result.transitions[1:9])
    ).figure
    figure.draw_without_rendering()
    boxes = [
        text.get_window_extent()
        for text in figure.axes[0].texts
        if re.match(r"\d", text.get_text())
    ]
    assert len(boxes) == 8
    pairs = [(one, two) for place, one in enumerate(boxes) for two in boxes[place + 1 :]]
    assert not any(one.overlaps(two) for one, two in pairs)


# --------------------------------------------------------------------------- matrix


def test_the_matrix_holds_seconds_and_tells_same_from_not_compared():
    figure = plot("matrix").figure
    (axis,) = figure.axes
    shown = {
        (text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts
    }
    assert shown == {
        (0, 0): "1.0",
        (1, 0): "0.5",
        (1, 1): "0.5",
        (2, 1): "0.3",
        (3, 1): "1.0",
    }
    hatched = [patch for patch in axis.patches if patch.get_hatch()]
    assert [(patch.get_y(), patch.get_x()) for patch in hatched] == [
        (0.5, 0.5),
        (1.5, 0.5),
        (2.5, 0.5),
    ]
    framed = {
        (round(patch.get_y()), round(patch.get_x()))
        for patch in axis.patches
        if patch.get_width() < 1.0
    }
    assert framed == {(0, 0)}


# --------------------------------------------------------------------------- words


def test_numbers_are_written_as_the_language_does():
    assert (number(1.25, ".1f", "en"), number(1.25, ".1f", "ru")) == ("1.2", "1,2")
    assert (p_text(0.05, "en"), p_text(0.0, "ru")) == ("=\u00a00.0500", "<\u00a00,0001")


def test_a_statistic_of_a_part_or_of_other_settings_is_not_taken_for_the_whole():
    rows = (
        Statistic("kappa", "coefficient", value=1.0, scope="speaking"),
        Statistic("kappa", "coefficient", value=2.0, setting="smoothing=2"),
        Statistic("kappa", "coefficient", value=3.0),
    )
    assert statistic(rows, "kappa").value == 3.0
    assert statistic(rows[:2], "kappa") is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_caption_says_whose_labels_they_are(kind):
    _, caption = drawn(kind, analysis(face_model="coder.eaf", speech_model="dusha"))
    assert caption.endswith("Labels: face by coder.eaf, voice by dusha.")
