from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import emoreport
from emoreport import vocabulary

HEAVY = ("torch", "transformers", "mediapipe", "cv2", "pandas", "av", "onnxruntime", "numpy")


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, emoreport; print([m for m in {HEAVY} if m in sys.modules])"
    assert run_python(code).strip() == "[]"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom emoreport.cli.app import run\n"
        "assert run(['--help']) == 0\n"
        "assert run(['analyze', '--help']) == 0\n"
        f"print('LOADED', [m for m in {HEAVY} if m in sys.modules])"
    )
    assert run_python(code).strip().endswith("LOADED []")


def test_public_names_are_there() -> None:
    for name in emoreport.__all__:
        assert getattr(emoreport, name).__name__ == name
    assert dir(emoreport) == emoreport.__all__
    assert emoreport.__version__ == version("emoreport")
    with pytest.raises(AttributeError, match="nothing"):
        emoreport.nothing  # noqa: B018


def test_vocabulary_is_complete_in_both_languages() -> None:
    for names in vocabulary.NAMES.values():
        assert set(names) == set(vocabulary.ALL_LABELS)
        assert len(set(names.values())) == len(names)
    assert list(vocabulary.EMOTIONS) == sorted(vocabulary.EMOTIONS)


def test_non_emotions_are_not_emotions() -> None:
    assert not any(map(vocabulary.is_emotion, (*vocabulary.NON_EMOTIONS, None)))
    assert all(map(vocabulary.is_emotion, (*vocabulary.EMOTIONS, "enthusiasm", "positive")))
