from __future__ import annotations

from emoreport import errors


def test_one_line_names_file_stage_cause_and_remedy() -> None:
    error = errors.MediaError("is\nempty", remedy="give a video", file="talk.mp4")
    assert str(error) == "talk.mp4: decode: is empty; give a video"


def test_the_first_file_named_stays() -> None:
    error = errors.ModelError("is damaged")
    assert str(error.with_file("a").with_file("b")) == "a: models: is damaged"


def test_exit_codes() -> None:
    usage = {errors.SettingsError, errors.InputNotFoundError}
    children = set(errors.EmoreportError.__subclasses__())
    own = {child for child in children if child.__module__ == "emoreport.errors"}
    assert {child for child in own if child.exit_code == 2} == usage
    assert {child for child in own if child.exit_code == 1} == own - usage


def test_the_tree_in_the_docstring_is_complete() -> None:
    assert errors.__doc__ is not None
    for child in errors.EmoreportError.__subclasses__():
        if child.__module__ == "emoreport.errors":
            assert child.__name__ in errors.__doc__
