"""What all tests share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from emoreport.faces.detectors import has_solutions
from emoreport.models.store.model_store import ModelState, ModelStore
from emoreport.models.store.registry import find_entry
from tests.fixtures.media import run_ffmpeg

# Property tests check results, not speed: a busy machine must not fail them.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test looks into the user's model store or waits for a network.

    Where mediapipe brings no face detector, the one that `make detector` pulled comes along.
    """
    folder = tmp_path_factory.mktemp("models")
    entry = find_entry("mediapipe/blaze_face_short_range")
    pulled = ModelStore()
    if not has_solutions() and pulled.state(entry) is ModelState.COMPLETE:
        shutil.copytree(pulled.folder(entry), folder / entry.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMOREPORT_MODEL_DIR", str(folder))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.delenv("EMOREPORT_MODEL_MIRROR", raising=False)
        patch.setenv("LC_ALL", "C.UTF-8")  # the command speaks the language of the locale
        # The command is started hundreds of times: its modules are compiled once, as after an
        # installation, also where the environment says that Python shall write no such files.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def talk() -> Path:
    """The sample recording."""
    return Path(__file__).parents[1] / "samples" / "talk.mp4"


@pytest.fixture(scope="session")
def clip(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first four seconds of the sample: a face that talks."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    run_ffmpeg("-i", talk, "-t", "4", "-c:v", "libx264", "-preset", "veryfast", path)
    return path
