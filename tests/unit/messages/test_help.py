"""The help of every command, in both languages, and what is said of a wrong command line."""

import re
import subprocess
import sys

import pytest

from emoreport.cli.app import app, run
from emoreport.cli.wording import language_of, worded_command
from emoreport.messages import keys, speaking
from tests.fixtures.wording import english_in


def walk(command, path=()):
    yield " ".join(path)
    for name, part in getattr(command, "commands", {}).items():
        yield from walk(part, (*path, name))


COMMANDS = sorted(walk(worded_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_in_russian_is_russian(command, capsys):
    assert run([*command.split(), "--lang", "ru", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Вызов: emoreport")
    assert english_in(shown) == []


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_command_and_option_is_worded(lang):
    known = {key.removeprefix("help.") for key in keys(lang)}

    def check(command):
        assert command.help not in known
        for parameter in command.params:
            assert parameter.help, (command.name, parameter.name)
            assert re.search("[А-я]", parameter.help) or lang == "en"
            assert parameter.help not in known
        for part in getattr(command, "commands", {}).values():
            check(part)

    with speaking(lang):
        check(worded_command(app))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("analyze --fsp 3", "there is no option --fsp; did you mean --fps?"),
        ("analyze", "VIDEO is missing"),
        ("analyse", "there is no command 'analyse'"),
        ("doctor now", "now is one argument too many"),
        ("analyze --fps", "the option --fps needs a value"),
        ("batch talks --jobs none", "this is no value for --jobs: Videos at a time"),
        ("doctor --json=yes", "the option --json takes no value"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, said, capsys):
    assert run(arguments.split()) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"error: {said}")
    assert line.count("\n") == 1
    assert "--help` says how it is used" in line
    assert run(["--lang", "ru", *arguments.split()]) == 2
    russian = capsys.readouterr().err
    assert russian.startswith("ошибка: ")
    assert english_in(russian) == []


def test_the_language_is_that_of_the_flag_the_variable_the_file_or_the_locale(tmp_path):
    file = tmp_path / "emoreport.toml"
    file.write_text('lang = "ru"\n', encoding="utf-8")
    russian, english = {"LANG": "ru_RU.UTF-8"}, {"LANG": "C"}
    assert language_of(["analyze", "a.mp4"], russian) == "ru"
    assert language_of(["analyze", "--config", str(file)], english) == "ru"
    assert language_of(["analyze"], english | {"EMOREPORT_LANG": "ru"}) == "ru"
    assert language_of(["analyze", "--lang=en"], russian | {"EMOREPORT_LANG": "ru"}) == "en"
    assert language_of(["analyze", "--", "--lang", "ru"], english) == "en"
    assert language_of(["analyze", "--lang", "tlh"], russian) == "ru"


def test_a_russian_locale_gives_russian_help():
    done = subprocess.run(
        [sys.executable, "-m", "emoreport", "models", "--help"],
        env={"LC_ALL": "ru_RU.UTF-8", "PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert "Модели на этой машине" in done.stdout
