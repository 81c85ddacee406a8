"""Manual pages and completions, as the real programs read them that they are for (O2)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import Program, Programs, needs
from tools.package import manual
from tools.package.manual import Command

pytestmark = pytest.mark.long

COMMANDS = {command.name: command for command in manual.commands()}


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("share")
    assert len(manual.write(folder)) == 4
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


def told(*command: str | Path, code: int = 0) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


# --- manual pages ------------------------------------------------------------------------------------------------


@needs("mandoc")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_is_right_in_form(share: Path, name: str) -> None:
    page = share / "man" / "man1" / f"{name}.1"
    found = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
    assert [line for line in found.stdout.splitlines() if "missing date" not in line] == []


@needs("mandoc")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_page_shows_what_help_does(share: Path, command: Command) -> None:
    page = share / "man" / "man1" / f"{command.name}.1"
    shown = " ".join(told("mandoc", "-T", "utf8", "-O", "width=400", page).split())
    shown = re.sub(".\b", "", shown)  # bold and underlined, as on a printer
    for parser in (command.parser, *command.tasks):
        for action in parser._actions:
            assert manual.help_of(parser, action) in shown, action
            assert all(f"{option}" in shown for option in action.option_strings)
        assert manual.synopsis(parser)[0] in shown
    for line in (command.parser.epilog or "").splitlines():
        assert " ".join(line.rstrip(":").split()).casefold() in shown.casefold()


def test_a_synopsis_shows_what_may_be_left_out() -> None:
    shown = {name: manual.synopsis(command.parser) for name, command in COMMANDS.items()}
    assert shown == {
        "chat": ["chat [OPTION ...] [HOST ...]"],
        "chat-server": ["chat-server [OPTION ...] [PORT]"],
        "chat-store": ["chat-store [OPTION ...] PORT"],
    }


def test_the_servers_page_says_what_an_operator_looks_up() -> None:
    page = manual.text_of("man", COMMANDS["chat-server"])
    sections = [line.removeprefix(".SH ") for line in page.splitlines() if line.startswith(".SH ")]
    assert sections[-3:] == ["SIGNALS", "FILES", "EXIT CODES"]


# --- completion --------------------------------------------------------------------------------------------------

CASES = [
    ("chat-server --pol", {"--poller"}),
    ("chat-server --poller ", {"epoll", "select"}),
    ("chat-server ex", {"export"}),
    ("chat-server export --wh", {"--whispers"}),
    ("chat-server backup --da", {"--data"}),
    ("chat-server import-users --ro", {"--room"}),
    ("chat-server import-users no-such-p", {"no-such-page.html"}),
    ("chat --html no-such-p", {"no-such-page.html"}),
    ("chat-store --del", {"--delay"}),
]


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with one file."""
    (tmp_path / "no-such-page.html").touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("line", "completions"), CASES)
def test_bash_completes(share: Path, line: str, completions: set[str]) -> None:
    name, *words = line.split(" ")
    script = f"""
        source {share}/bash-completion/completions/{name}
        COMP_WORDS=({name} {" ".join(words) or ""} {"''" if not words[-1] else ""}); COMP_CWORD={len(words)}
        $(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert set(told("bash", "--norc", "-c", script).split()) == completions


@needs("fish")
@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("line", "completions"), CASES)
def test_fish_completes(share: Path, line: str, completions: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(share))
    file = f"{share}/fish/vendor_completions.d/{line.split(maxsplit=1)[0]}.fish"
    answer = told("fish", "--no-config", "-c", f"source {file}; complete -C '{line}'")
    assert {one.split("\t")[0] for one in answer.splitlines()} == completions


@needs("zsh")
@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(("line", "completions"), [case for case in CASES if len(case[1]) == 1])
def test_zsh_completes(run: Programs, share: Path, line: str, completions: set[str]) -> None:
    shell: Program = run.program("env", "PS1=ready>", "zsh", "-f", "-i", on_terminal=True, cwd=Path.cwd())
    shell.sees("ready>")
    shell.types(f"fpath=({share}/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D; PS1=compl''ete:")
    shell.sees("complete:")  # not as it was typed
    shell.presses(f"echo done; {line}\t\x01: \x05\n")  # Tab; then a colon before it, so that it is not run
    (completion,) = completions
    shell.sees(completion)
