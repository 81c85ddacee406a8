"""runtime/configuration.py: a file, the environment and the command line, each over the one before (O3)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from runtime.cli import make_parser, options_of
from runtime.configuration import COMMAND_LINE, by_name, settled, shown, toml, variable_of
from tests.support.rows import for_each

# By what the option takes, as --help has it, or by its name; a number, if it is none of these.
SAMPLES = {"ADDRESS/BITS": ["192.0.2.0/24"], "URL": ["https://example.org"], "NAME": ["ann"]}
SAMPLES_OF = {"room": "redis://localhost:6379/lobby"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a configuration file is, if this Python can read one."""
    pytest.importorskip("tomllib")
    return tmp_path / "chat.toml"


def sources(line: str = "", **environment: str) -> dict[str, tuple[object, str]]:
    """Return the options that are not the default, and where they are from."""
    _, settings = settled(make_parser(), line.split(), environment)
    return {name: (value, source) for name, (value, source) in settings.items() if source != "default"}


def refusal(capsys: pytest.CaptureFixture[str], line: str = "", **environment: str) -> str:
    """Return the sentence that ends the program."""
    with pytest.raises(SystemExit) as ended:
        options_of(line.split(), environment)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_the_command_line_comes_first_then_the_environment_then_the_file(file: Path) -> None:  # O3
    file.write_text('port = 1\nhost = "::1"\nmax-users = 10\nhistory-days = 0.5\n')
    assert sources(f"--config {file} 3", CHAT_SERVER_PORT="2", CHAT_SERVER_MAX_USERS="20") == {
        "port": (3, COMMAND_LINE),
        "max-users": (20, "CHAT_SERVER_MAX_USERS"),
        "host": ("::1", str(file)),
        "history-days": (0.5, str(file)),
    }


def test_the_file_can_be_named_in_the_environment(file: Path) -> None:
    file.write_text("port = 1")
    assert sources(CHAT_SERVER_CONFIG=str(file)) == {"port": (1, str(file))}


def test_a_list_replaces_that_of_the_places_below(file: Path) -> None:
    file.write_text('operator = ["ann", "bob"]')
    assert sources(f"--config {file}")["operator"][0] == ["ann", "bob"]
    assert sources(f"--config {file}", CHAT_SERVER_OPERATOR="carl dora")["operator"][0] == ["carl", "dora"]
    line = f"--config {file} --operator eve --operator fay"
    assert sources(line, CHAT_SERVER_OPERATOR="carl dora")["operator"][0] == ["eve", "fay"]


def test_what_is_switched_on_below_can_be_switched_off_above(file: Path) -> None:
    file.write_text("sync = true")
    assert options_of(["--config", str(file)], {}).sync
    for word, expected in {"no": False, "0": False, "FALSE": False, "on": True, "1": True}.items():
        assert options_of(["--config", str(file)], {"CHAT_SERVER_SYNC": word}).sync is expected


def test_every_option_can_be_set_in_each_place(file: Path) -> None:
    """A value that each takes, written as the place has it, comes out the same from all three."""
    samples = {name: SAMPLES_OF.get(name) or sample_of(action) for name, action in by_name(make_parser()).items()}
    words = {name: [] if value is True else listed(value) for name, value in samples.items()}
    line = " ".join(" ".join(["" if name == "port" else f"--{name}", *given]) for name, given in words.items())
    file.write_text("".join(f"{name} = {toml(value)}\n" for name, value in samples.items()))
    places = (
        sources(line),
        sources(**{variable_of(name): " ".join(listed(value)) for name, value in samples.items()}),
        sources(f"--config {file}"),
    )
    typed, variables, read = ({name: value for name, (value, _) in place.items()} for place in places)
    assert typed == variables == read
    assert typed.keys() == samples.keys()


def sample_of(action: argparse.Action) -> object:
    return True if action.nargs == 0 else next(iter(action.choices or [SAMPLES.get(str(action.metavar), 7)]))


def listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def test_what_is_wrong_is_said_with_its_place(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    @for_each(
        [
            ("max-users = 0", "chat.toml: max-users: '0' is not an amount: give a whole number, 1 or more\n"),
            ("max-users = true", "chat.toml: max-users = true: give its value: it is no switch\n"),
            ("max-users = [1]", "chat.toml: max-users = [1]: give one value\n"),
            ('sync = "yes"', 'chat.toml: sync = "yes": give true or false, without quotes\n'),
            ('operator = "ann"', 'chat.toml: operator = "ann": give a list, between [ and ]\n'),
            ('dialect = "irc"', "chat.toml: dialect: 'irc' is none of auto, slash, verbs\n"),
            ("max_users = 1", "chat.toml: max_users is no option of the server. Did you mean max-users?\n"),
            ("zzz = 1", "chat.toml: zzz is no option of the server. --help lists them all.\n"),
            ('config = "x"', "chat.toml: config is no option of the server."),
            ("max-users", "chat.toml is not TOML: "),
            ('tls-cert = "x"', "--tls-cert and --tls-key belong together"),
        ]
    )
    def check(text: str, sentence: str) -> None:
        file.write_text(text)
        assert sentence in refusal(capsys, f"--config {file}")

    check()
    file.write_bytes(b"\xff")
    assert "is not TOML" in refusal(capsys, f"--config {file}")
    file.unlink()
    assert "can't be read: No such file or directory." in refusal(capsys, f"--config {file}")


def test_what_is_wrong_in_the_environment_is_said_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert "CHAT_SERVER_PORT: 'http' is not a port" in refusal(capsys, CHAT_SERVER_PORT="http")
    assert "CHAT_SERVER_SYNC: 'maybe' is neither true nor false" in refusal(capsys, CHAT_SERVER_SYNC="maybe")
    told = refusal(capsys, CHAT_SERVER_MAX_USRES="1")
    assert "CHAT_SERVER_MAX_USRES is no option of the server. Did you mean CHAT_SERVER_MAX_USERS?" in told
    assert sources(CHAT_PORT="http", PATH="x") == {}  # the client's, and everybody's


def test_an_older_python_says_what_to_do_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    told = refusal(capsys, "--config chat.toml")
    assert "chat.toml can't be read by Python 3.10: a configuration file needs Python 3.11 or newer." in told
    assert "CHAT_SERVER_" in told


def test_what_is_checked_is_printed_as_a_file_that_says_the_same(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # O3
    line = ["3", "--operator", "ann", "--motd", 'a "b".txt', "--sync", "--trusted", "192.0.2.0/24"]
    with pytest.raises(SystemExit) as ended:
        options_of([*line, "--check-config"], {"CHAT_SERVER_MAX_USERS": "20"})
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "port = 3                                  # command line\n" in told
    assert "max-users = 20                            # CHAT_SERVER_MAX_USERS\n" in told
    assert "# host is not set\n" in told
    file.write_text(told)
    again, options = options_of(["--config", str(file)], {}), options_of(line, {"CHAT_SERVER_MAX_USERS": "20"})
    assert {**vars(again), "config": None} == vars(options)


def test_no_password_is_printed() -> None:
    parser = make_parser()
    parser.add_argument("--store", default="redis://ann:se:cr@t@localhost:6379/0")
    _, settings = settled(parser, [], {})
    (line,) = [line for line in shown(settings) if line.startswith("store")]
    assert line == 'store = "redis://ann:***@localhost:6379/0"  # default'
