"""tools/package/: the package `select_chat`, and the single file."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.rows import for_each
from tools.package import pyz
from tools.package.build import ROOT, files, packaged, write
from tools.package.select_chat import __main__ as front

PROGRAMS = ("server", "client", "store")


def test_imports_of_ours_are_renamed_and_nothing_else() -> None:  # O1
    @for_each(
        [
            ("from chat.hub import Hub\n", "from select_chat.chat.hub import Hub\n"),
            ("from server import main\n", "from select_chat.server import main\n"),
            ("import web\n", "from select_chat import web\n"),
            ("import protocol as spoken  # both\n", "from select_chat import protocol as spoken  # both\n"),
            ("from chat import (\n    hub,\n)\n", "from select_chat.chat import (\n    hub,\n)\n"),
            ("if True:\n    from storage import journal\n", "if True:\n    from select_chat.storage import journal\n"),
            ('TEXT = """\nfrom chat import hub\n"""\n', 'TEXT = """\nfrom chat import hub\n"""\n'),
            ("from . import hub\nimport socket, os.path\n", "from . import hub\nimport socket, os.path\n"),
            ("from chatter import chat\nimport servers\n", "from chatter import chat\nimport servers\n"),
        ]
    )
    def check(source: str, expected: str) -> None:
        assert packaged(source) == expected

    check()


@pytest.mark.parametrize("source", ["import chat.hub\n", "import socket, chat\n"])
def test_an_import_that_binds_another_name_in_the_package_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="line 1: import "):
        packaged(source)


def test_the_package_holds_what_the_checkout_does_and_no_line_moves(tmp_path: Path) -> None:
    (tmp_path / "select_chat").mkdir()
    (tmp_path / "select_chat" / "left_from_an_earlier_build.py").touch()
    write(tmp_path)
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert len(written) == len(files())
    for path in written:
        within = path.relative_to(tmp_path / "select_chat")
        source = ROOT / within if (ROOT / within).exists() else ROOT / "tools" / "package" / "select_chat" / within
        assert path.read_bytes().count(b"\n") == source.read_bytes().count(b"\n")


def test_the_first_word_names_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    for program, file in zip(PROGRAMS, ("server", "myclient", "kvstore"), strict=True):
        monkeypatch.setattr(f"{file}.main", lambda program=program: (program, *sys.argv[1:]))

    @for_each(
        [
            (["server", "8001"], ("server", "8001")),
            (["store", "8002"], ("store", "8002")),
            (["client", "server", "8001"], ("client", "server", "8001")),
            (["localhost", "8001"], ("client", "localhost", "8001")),
            ([], ("client",)),
        ]
    )
    def check(words: list[str], run: tuple[str, ...]) -> None:
        monkeypatch.setattr(sys, "argv", ["/lib/select_chat/__main__.py", *words])
        assert front.main() == run  # type: ignore[comparison-overlap]

    check()


def test_it_says_what_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["select-chat.pyz", "--help"])
    assert front.main() == 0
    told = capsys.readouterr().out
    assert told.startswith("usage: select-chat.pyz [PROGRAM] ...")
    assert all(f"\n  {program} " in told for program in PROGRAMS)
    monkeypatch.setattr(sys, "argv", ["select-chat.pyz", "--version"])
    assert front.main() == 0
    assert capsys.readouterr().out.startswith("select-chat ")


def test_equal_contents_make_equal_files_that_need_no_package(tmp_path: Path) -> None:  # O1
    one, other = tmp_path / "one.pyz", tmp_path / "other.pyz"
    pyz.make(one, 1_700_000_000)
    pyz.make(other, 1_700_000_000)
    assert one.read_bytes() == other.read_bytes()
    assert not [name for name in zipfile.ZipFile(one).namelist() if name.endswith((".so", ".pyc"))]
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import websockets, prompt_toolkit; print(prompt_toolkit.__file__)"
    )
    bare = [sys.executable, "-I", "-S", "-c", script, str(one)]  # without site-packages
    told = subprocess.run(bare, capture_output=True, text=True, check=True).stdout
    assert told.startswith(str(one))


def test_the_time_in_the_file_is_that_of_the_commit_or_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert pyz.moment_of_commit() == 1_700_000_000
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert pyz.moment_of_commit() > 1_700_000_000
