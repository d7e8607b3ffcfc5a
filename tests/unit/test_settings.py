from __future__ import annotations

import dataclasses
import inspect
import pickle
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from emoreport import settings as settings_package
from emoreport.errors import SettingsError
from emoreport.settings import (
    OPTIONS,
    AnalysisSettings,
    Settings,
    parse_baseline,
    parse_fps,
)
from emoreport.settings.keywords import SettingValues
from emoreport.settings.loading import from_environment, from_file, load_settings


def test_every_option_of_the_contract_exists() -> None:
    contract = {"out", "face", "speech", "offline", "fps", "smoothing", "min_interval", "formats"}
    assert contract | {"lang", "overwrite"} <= set(OPTIONS)


def test_public_names_are_unique_and_carry_no_unit() -> None:
    assert len(OPTIONS) == sum(
        len(dataclasses.fields(getattr(Settings(), group)))
        for group in (
            "decoding",
            "faces",
            "actions",
            "speech",
            "features",
            "words",
            "analysis",
            "output",
            "runtime",
        )
    )
    assert not [name for name in OPTIONS if name.endswith(("_s", "_hz", "_px"))]


def test_help_names_unit_range_choices_and_default() -> None:
    assert OPTIONS["min_interval"].help_line.endswith("[seconds; 0–60; default: 0.5]")
    assert "en|ru; default: en" in OPTIONS["lang"].help_line
    assert "csv,xlsx,parquet,json,html" in OPTIONS["formats"].help_line
    assert OPTIONS["overwrite"].help_line == OPTIONS["overwrite"].help


def test_the_tree_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().analysis.smoothing_s = 2.0  # type: ignore[misc]


def test_values_round_trip() -> None:
    settings = Settings.from_values({"smoothing": "2.5", "formats": "csv,json", "lang": "ru"})
    assert Settings.from_values(settings.values()) == settings
    assert settings.output.formats == ("csv", "json")
    assert settings.replace(lang="en").output.lang == "en"
    assert settings.replace(lang="en").analysis.smoothing_s == 2.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smoothing", -1),
        ("smoothing", "nan"),
        ("smoothing", "wide"),
        ("smoothing", True),
        ("min_interval", 61),
        ("lang", "de"),
        ("formats", ""),
        ("formats", "csv,doc"),
        ("threads", 1.5),
        ("offline", "maybe"),
        ("fps", "0"),
        ("fps", "often"),
        ("fps", "inf"),
        ("face", ""),
        ("voice_features", "layer"),
        ("voice_features", "layer:"),
        ("voice_features", "layer:-1"),
        ("voice_features", "mfcc"),
    ],
)
def test_unusable_values_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_values({name: value})
    assert OPTIONS[name].flag in str(caught.value)
    assert caught.value.exit_code == 2


def test_python_values_are_checked_too() -> None:
    analysis = dataclasses.replace(Settings().analysis, smoothing_s=-1.0)
    with pytest.raises(SettingsError, match="--smoothing"):
        Settings(analysis=analysis)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SettingsError, match="smoothness"):
        Settings.from_values({"smoothness": 1})


def test_settings_are_keyword_arguments_by_the_name_of_their_option() -> None:
    settings = Settings(min_interval=2, formats=["csv"], speech="none", fps=5)
    assert settings == Settings.from_values(
        {"min-interval": 2, "formats": "csv", "speech": "none", "fps": "5"}
    )
    assert settings.analysis.min_interval_s == 2.0
    assert settings.replace(speech="compact").analysis == settings.analysis


def test_a_whole_group_is_taken_and_single_settings_change_it() -> None:
    group = AnalysisSettings(smoothing_s=3.0, hysteresis=0.1)
    analysis = Settings(smoothing=2.0, analysis=group).analysis
    assert (analysis.smoothing_s, analysis.hysteresis) == (2.0, 0.1)
    assert Settings(lang="ru").replace(analysis=group) == Settings(lang="ru", analysis=group)


def test_settings_survive_being_copied_and_sent() -> None:
    settings = Settings(min_interval=2)
    assert pickle.loads(pickle.dumps(settings)) == dataclasses.replace(settings) == settings


def test_editors_and_notebooks_are_shown_every_setting_with_its_default() -> None:
    shown = inspect.signature(Settings).parameters
    assert {name: shown[name].default for name in shown} == Settings().values()


def test_the_keywords_are_the_settings_with_their_types_and_choices() -> None:
    groups = {field.name for field in dataclasses.fields(Settings)}
    types = get_type_hints(SettingValues, localns=vars(settings_package))
    assert set(types) == {*OPTIONS, *groups}
    for name, info in OPTIONS.items():
        parts = get_args(types[name]) or (types[name],)
        if info.choices and info.type is str:
            literals = [part for part in parts if get_origin(part) is Literal] or [types[name]]
            assert get_args(literals[0]) == info.choices
        elif info.type is not tuple:
            assert info.type in parts


@pytest.mark.parametrize(
    ("name", "meant"),
    [("min_intervall", "min_interval"), ("min_interval_s", "min_interval"), ("faces", "face")],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"did you mean {meant}[?]"):
        Settings(**{name: 1})  # type: ignore[misc]


def test_none_is_no_value() -> None:
    with pytest.raises(SettingsError, match="--face cannot be None"):
        Settings(face=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "rate"), [("every", None), ("adaptive", None), ("12.5", 12.5)])
def test_fps(text: str, rate: float | None) -> None:
    assert parse_fps(text) == rate


def test_precedence_is_flag_variable_file_default(tmp_path: Path) -> None:
    config = tmp_path / "emoreport.toml"
    config.write_text("lang = 'ru'\n[analysis]\nsmoothing = 3\nmin-interval = 3\ngap_limit = 3\n")
    settings = load_settings(
        {"smoothing": "1.5", "lang": None},
        config=config,
        environment={"EMOREPORT_SMOOTHING": "2", "EMOREPORT_MIN_INTERVAL": "2"},
    )
    analysis = settings.analysis
    assert (analysis.smoothing_s, analysis.min_interval_s, analysis.gap_limit_s) == (1.5, 2, 3)
    assert settings.output.lang == "ru"
    assert analysis.hysteresis == OPTIONS["hysteresis"].default


def test_configuration_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "named.toml"
    named.write_text("smoothing = 4")
    monkeypatch.chdir(tmp_path)
    assert load_settings({}, environment={}).analysis.smoothing_s == 1.0
    (tmp_path / "emoreport.toml").write_text("smoothing = 3")
    assert load_settings({}, environment={}).analysis.smoothing_s == 3
    found = load_settings({}, environment={"EMOREPORT_CONFIG": str(named)})
    assert found.analysis.smoothing_s == 4


def test_variables_that_name_nothing_are_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"EMOREPORT_SMOTHING .* did you mean EMOREPORT_SMOOTHING"
    ):
        from_environment({"EMOREPORT_SMOTHING": "1"})
    assert from_environment({"EMOREPORT_MODEL_DIR": "x", "HOME": "y"}) == {}


@pytest.mark.parametrize("content", [b"smoothing = ", b"colour = 1", b"\xff\xfe"])
def test_bad_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"bad\.toml"):
        from_file(path)


def test_a_file_that_an_editor_marked_as_unicode_is_read(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_text("smoothing = 2\n", encoding="utf-8-sig")
    assert from_file(path) == {"smoothing": 2}


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        from_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("none", None), ("neutral:30", 30.0), ("neutral:0.5", 0.5), ("0-20", (0.0, 20.0))],
)
def test_a_baseline_is_parsed(text, parsed):
    assert parse_baseline(text) == parsed
    assert Settings.from_values({"baseline": text}).analysis.baseline == text


@pytest.mark.parametrize(
    "text", ["neutral", "neutral:0", "neutral:-3", "neutral:inf", "20-10", "5", "a-b", "happy:3"]
)
def test_other_baselines_are_refused(text):
    with pytest.raises(SettingsError, match="baseline"):
        Settings.from_values({"baseline": text})
