"""The documents say what the code does, are found from each other, and README.md is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chat import limits
from chat.handlers.accounts import WRONG_LIMIT
from chat.login_attempts import LIMITS, LIMITS_OF_MANY
from protocol.commands import COMMANDS, Command
from protocol.framing import FRAME_LIMIT
from protocol.lines import LINE_LIMIT
from runtime.cli import make_parser, option_of
from tests.support.documents import ROOT, anchors, documents, links, text_of

LONGEST_README = 1_300  # words


def row(command: Command) -> str:
    usage = f"`{command.usage}`".replace("|", chr(92) + "|") if command.slash else ""
    also = ", ".join(f"`/{alias}`" for alias in command.aliases)
    verb = f"`{command.verb_usage}`" if command.verb else ""
    return f"| {usage} | {also} | {verb} | {command.help.replace('*', chr(92) + '*')} |"


def test_the_command_table_is_that_of_the_code() -> None:
    lead = text_of("docs/commands.md").split("## Names")[0]
    rows = [line for line in lead.splitlines() if line.startswith("| ")][1:]
    assert rows == [row(command) for command in COMMANDS]


def test_the_comparison_counts_its_own_rows() -> None:
    text = " ".join(text_of("docs/comparison.md").split())
    rows = re.findall(r"\| \d+ \|[^|]+\|[^|]+\| `(.)`[^|]*\| `(.)`[^|]*\| `(.)`[^|]*\|", text)
    assert len(rows) == 25
    ssh_chat, irssi, weechat = (sum(sign != "-" for sign in column) for column in zip(*rows, strict=True))
    best = sum("-" not in signs for signs in rows)
    sentence = (
        f"in {ssh_chat} of the 25, as irssi in {irssi}, as WeeChat in {weechat}; as the best of the three in {best}."
    )
    assert sentence in text


def test_every_option_of_the_server_is_explained_and_no_other() -> None:
    section = text_of("docs/running.md").split("## Options")[1].split("## ")[0]
    explained = set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))
    options = {
        option for action in make_parser()._actions for option in action.option_strings if option.startswith("--")
    }
    assert explained == options - {"--help", "--version"} - {option_of(name) for name in limits.REASONS}


def test_every_limit_is_explained_with_its_default() -> None:
    rows = [line for line in text_of("docs/limits.md").splitlines() if line.startswith("| `--")]
    assert rows == [
        f"| `{option_of(name)}` | {getattr(limits, name):,} | {reason} |" for name, reason in limits.REASONS.items()
    ]


def test_the_limits_that_are_no_options_are_those_of_the_code() -> None:
    text = " ".join(text_of("docs/limits.md").split())
    assert f"A line has at most {LINE_LIMIT:,} bytes" in text
    assert f"A frame has at most {FRAME_LIMIT:,};" in text
    assert LIMITS == ((3, 60.0), (10, 600.0))
    assert LIMITS_OF_MANY == ((30, 60.0), (100, 600.0))
    assert "register 30 names a minute and 100 in 10 minutes" in text
    assert f"A connection is closed after {WRONG_LIMIT} wrong passwords." in text
    assert "A name accepts 3 guesses a minute and 10 in 10 minutes from one address" in text


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").split()) < LONGEST_README


def test_every_page_is_named_by_the_readme() -> None:
    named = {target for target, _ in links("README.md")}
    assert {path for path in documents() if path.startswith("docs/")} <= named


@pytest.mark.parametrize("document", documents())
def test_links_and_pictures_lead_somewhere(document: str) -> None:
    for target, anchor in links(document):
        assert (ROOT / target).exists(), f"{document}: {target}"
        if anchor:
            assert anchor in anchors(target), f"{document}: {target}#{anchor}"


def test_a_heading_has_the_anchor_that_hosts_make_of_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# By `telnet`, say\n\n```sh\n# no heading\n```\n## What's new: 1.2\n## What's new: 1.2\n")
    assert anchors(str(page)) == {"by-telnet-say", "whats-new-12", "whats-new-12-1"}
