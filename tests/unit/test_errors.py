from __future__ import annotations

from emoreport import errors
from emoreport.messages import speaking


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


def test_an_error_is_worded_in_the_language_in_force() -> None:
    error = errors.ModelError("models.needs_extra", model="dusha", extra="full", file="store")
    assert str(error) == 'store: models: dusha needs the extra full; pip install "emoreport[full]"'
    with speaking("ru"):
        assert str(error) == (
            'store: модели: модели dusha нужно дополнение full; pip install "emoreport[full]"'
        )


def test_a_value_may_be_called_as_anything() -> None:
    error = errors.SettingsError("metadata.ambiguous", key="talk", first="a", second="b")
    assert error.cause == "'talk' means more than one video"


def test_every_stage_has_a_name() -> None:
    with speaking("ru"):
        for child in errors.EmoreportError.__subclasses__():
            assert errors.stage_name(child.stage) != child.stage


def test_words_of_another_kind_of_error_are_kept() -> None:
    told = errors.WordedError("text.same_column", name="file")
    turned = told.turned_into(errors.SettingsError, remedy="reinstall", file="a.csv")
    assert str(turned) == "a.csv: settings: has the column file twice; keep one of them"
