import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.media import probe
from emoreport.media.glimpses import glimpses
from emoreport.overlay.areas import Area
from emoreport.overlay.placing import GRID, detail_map, face_map, place
from tests.fixtures import media

SIZE_PX = (640, 360)
ROOM = Area(4, 4, 636, 300)
PANEL_PX = (180, 120)
NOBODY = np.zeros(GRID)


def slide(*areas):
    """A white picture with letters, that is stripes, in some areas."""
    picture = np.full((SIZE_PX[1], SIZE_PX[0], 3), 250, np.uint8)
    for area in areas:
        picture[area.top : area.bottom : 4, area.left : area.right] = 20
        picture[area.top + 1 : area.bottom : 4, area.left : area.right] = 20
    return picture


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("text", "free"),
    [
        (Area(0, 0, 420, 360), Area(420, 0, 640, 360)),
        (Area(220, 0, 640, 360), Area(0, 0, 220, 360)),
        (Area(0, 0, 640, 160), Area(0, 160, 640, 360)),
        (Area(0, 140, 640, 360), Area(0, 0, 640, 140)),
    ],
)
def test_a_panel_is_put_where_nothing_is_written(text, free):
    detail = detail_map([slide(text), slide(text)])
    area = place(PANEL_PX, ROOM, SIZE_PX, NOBODY, detail)
    assert not area.meets(text)
    assert area.meets(free)


def test_the_face_counts_for_more_than_what_is_written():
    face = face_map(boxes((420, 20, 200, 280)), SIZE_PX)
    text = Area(0, 0, 400, 360)
    area = place(PANEL_PX, ROOM, SIZE_PX, face, detail_map([slide(text)]))
    assert not area.meets(Area(420, 20, 620, 300))


def test_without_anything_to_keep_clear_of_it_is_at_the_top_away_from_the_face():
    left, right = boxes((40, 100, 90, 90)), boxes((500, 100, 90, 90))
    for found, side in ((left, 636 - 180), (right, 4)):
        area = place(PANEL_PX, ROOM, SIZE_PX, face_map(found, SIZE_PX))
        assert (area.left, area.top) == (side, 4)


def test_what_is_taken_stays_free():
    first = place(PANEL_PX, ROOM, SIZE_PX, NOBODY)
    second = place((100, 40), ROOM, SIZE_PX, NOBODY, taken=(first,))
    assert not second.meets(first)


def test_letters_that_come_and_go_count_by_their_time():
    left, right = Area(0, 0, 320, 360), Area(320, 0, 640, 360)
    detail = detail_map([slide(left), slide(left), slide(right)])
    assert not place(PANEL_PX, ROOM, SIZE_PX, NOBODY, detail).meets(left)


def test_the_noise_of_a_camera_is_no_detail():
    noise = np.random.default_rng(0).integers(118, 124, (360, 640, 3)).astype(np.uint8)
    assert detail_map([noise]).max() == 0
    assert detail_map([]) is None


def test_the_map_of_the_face_is_where_it_was_and_for_how_long():
    gap = (np.nan,) * 4
    found = boxes((0, 0, 320, 360), (0, 0, 320, 360), gap, (320, 0, 320, 360))
    shares = face_map(found, SIZE_PX)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[:, :32].sum() == pytest.approx(2 / 3)
    assert not face_map(boxes(gap), SIZE_PX).any()


@given(
    frame=st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
    panel=st.tuples(st.integers(0, 900), st.integers(0, 900)),
    box=st.tuples(*[st.floats(-500, 2500, width=32)] * 2, *[st.floats(0, 900, width=32)] * 2),
)
def test_a_panel_that_fits_is_inside_its_room(frame, panel, box):
    room = Area(0, 0, frame[0], max(0, frame[1] - 10))
    area = place(panel, room, frame, face_map(boxes(box), frame))
    assert (area.right - area.left, area.bottom - area.top) == panel
    assert (area.left, area.top) >= (0, 0)
    if panel[0] <= frame[0] and panel[1] <= room.bottom:
        assert area.right <= room.right
        assert area.bottom <= room.bottom


def test_glimpses_are_upright_pictures_from_all_over(talk):
    seen = list(glimpses(talk, probe(talk), 4))
    assert [rgb.shape for rgb in seen] == [(480, 640, 3)] * 4
    assert len({rgb.tobytes() for rgb in seen}) == 4


def test_a_file_that_cannot_be_read_gives_no_glimpse(talk, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(talk.read_bytes()[:3000])
    assert list(glimpses(broken, probe(talk))) == []


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_file_that_is_cut_off_gives_what_can_be_read(talk, tmp_path, kept):
    video = tmp_path / "cut.ts"
    options = ("-t", "4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "12")
    media.run_ffmpeg("-i", talk, *options, video)
    info, content = probe(video), video.read_bytes()
    video.write_bytes(content[: int(kept * len(content))])
    seen = list(glimpses(video, info, 6))
    assert 1 <= len(seen) <= 6


def test_a_transport_stream_gives_glimpses(tmp_path):
    video = media.joined_clocks(tmp_path / "joined.ts")
    assert list(glimpses(video, probe(video), 3))
