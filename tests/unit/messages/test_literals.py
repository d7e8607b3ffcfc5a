"""No text that a user reads is written in the code: errors, help and what is printed carry keys.

The rule, over all modules but `training`, whose output is for those who make the weights:

1. the first argument and the remedy of every error that is a `WordedError` is a key;
2. `help` of an option is a key, and `metavar` is made of words that the catalogue has;
3. what is handed to a function that prints holds no word of its own;
4. a key that is looked up by a literal exists.

Errors that are no `WordedError` (ValueError and the like) are for programmers; where one is shown,
it is a detail in brackets, as the words of the operating system are.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import emoreport
from emoreport.messages import keys
from emoreport.settings import OPTIONS
from emoreport.settings.commands import COMMAND_OPTIONS

PACKAGE = Path(emoreport.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "training" not in path.parts]
KNOWN = keys("en")
SETTINGS = {info.key for info in (*OPTIONS.values(), *COMMAND_OPTIONS)}
PRINTERS = {
    *("print", "echo", "secho", "print_table", "closing_panel"),
    *("note_line", "warning_line", "error_line", "announce"),
}
LOOK_UPS = {"text", "Phrase"}
WORD = re.compile(r"[A-Za-zА-яё]{2,}")
UNITS = re.compile(r"\b(emoreport|SHA-256|utf-8)\b")


def worded_errors() -> set[str]:
    """Names of the classes in the package that derive from `WordedError`."""
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    found = {"WordedError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


ERRORS = worded_errors()


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def own_texts(node: ast.expr) -> Iterator[str]:
    """Literal parts of an expression that are not handed on to another call."""
    match node:
        case ast.Constant(value=str() as value):
            yield value
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from own_texts(part.value if isinstance(part, ast.FormattedValue) else part)
        case ast.Call() | ast.Attribute() | ast.Subscript() | ast.Name() | ast.Compare():
            return
        case ast.IfExp(body=body, orelse=orelse):
            yield from own_texts(body)
            yield from own_texts(orelse)
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from own_texts(child)


def is_key(text: str, group: str, endings: tuple[str, ...] = ("",)) -> bool:
    return any(f"{group}{text}{ending}" in KNOWN for ending in endings)


def of_error(node: ast.Call) -> Iterator[str]:
    """What an error is given that is no key."""
    for text in (text for argument in node.args[:1] for text in own_texts(argument)):
        whole = isinstance(node.args[0], ast.Constant | ast.IfExp)
        if (whole and not is_key(text, "errors.", (".cause",))) or " " in text:
            yield text
    for remedy in (keyword.value for keyword in node.keywords if keyword.arg == "remedy"):
        for text in own_texts(remedy) if isinstance(remedy, ast.Constant) else ():
            if text and not is_key(text, "errors.remedy."):
                yield text


def of_option(node: ast.Call) -> Iterator[str]:
    """What an option is given that is no key of help and no word for a value."""
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    if isinstance(named.get("help"), ast.Constant):
        yield from (
            text
            for text in own_texts(named["help"])
            if text not in SETTINGS and not is_key(text, "help.")
        )
    for text in own_texts(named["metavar"]) if "metavar" in named else ():
        words = re.findall(r"[A-Z_]{2,}", text)
        yield from (word for word in words if not is_key(word, "help.metavar."))


def of_printer(node: ast.Call) -> Iterator[str]:
    """What is printed as it is written."""
    for text in (text for argument in node.args for text in own_texts(argument)):
        if WORD.search(UNITS.sub("", text)):
            yield text


def of_look_up(node: ast.Call) -> Iterator[str]:
    """Keys that there are no words for."""
    for argument in node.args[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield from {argument.value} - KNOWN


CHECKS = {
    **dict.fromkeys(ERRORS, of_error),
    **dict.fromkeys(("Option", "Argument", "Typer"), of_option),
    **dict.fromkeys(PRINTERS, of_printer),
    **dict.fromkeys(LOOK_UPS, of_look_up),
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_users_read_is_in_the_catalogues(path: Path) -> None:
    flaws = [
        f"line {node.lineno}: {text!r}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for text in CHECKS.get(called(node), lambda _: ())(node)
    ]
    assert flaws == []
