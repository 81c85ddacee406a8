"""tools/bench/: the order of a round, figures and ratios, the plan of a steady crowd, the timed server, a whole run."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.patience import PATIENCE
from tools.bench import performance, timed_server
from tools.bench.__main__ import arguments, pairs
from tools.bench.crew import clients
from tools.bench.figures import Column, Figures, Ratio, Rounds, ratio, summary
from tools.bench.load import Client
from tools.bench.performance import DOCUMENT, PARTS, draw, replaced
from tools.bench.picture import THEMES, chart
from tools.bench.servers import TEXT, Server, known, program, running
from tools.bench.steady import Plan
from tools.bench.table import figures_table, ratios_table
from tools.bench.timed_server import LAYOUTS, PHASES, Timer, layout_here
from tools.shared.programs import ROOT, tool_output
from tools.shared.sockets import hang_up, join, listen_until

SERVERS = [Server(label, TEXT, lambda *_: []) for label in "abc"]
COST = Column("us", 1, compared=True)
DROPPED = Column("dropped", worst=True)


def test_each_round_measures_all_and_begins_with_another_server() -> None:
    orders = [[server.label for _, server in pairs(["steady-10"], SERVERS, number)] for number in range(4)]
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]


def test_a_server_is_asked_only_for_what_it_can_do() -> None:
    ours = Server("ours", TEXT, lambda *_: [], timed=lambda *_: [], most_clients=100)
    asked = [(scenario, server.label) for scenario, server in pairs(["steady-900", "logins-100"], [ours, *SERVERS], 0)]
    assert asked == [("steady-900", "a"), ("steady-900", "b"), ("steady-900", "c"), ("logins-100", "ours")]


def test_ratios_are_those_of_the_rounds_and_not_of_the_medians() -> None:
    mine: list[Figures] = [{"us": 2.0}, {"us": 30.0}, {"us": 4.0}]
    theirs: list[Figures] = [{"us": 1.0}, {"us": 10.0}, {"us": 4.0}]
    assert ratio(mine, theirs, "us") == Ratio(2.0, 1.0, 3.0)
    assert ratio([{"us": None}], [{"us": 1.0}], "us") is None  # nothing arrived
    assert ratio([{"us": 1.0}], [{"us": 0.0}], "us") is None


def test_of_the_dropped_the_most_is_told_and_of_all_else_the_median() -> None:
    rounds: list[Figures] = [{"us": 1.0, "dropped": 0.0}, {"us": 9.0, "dropped": 3.0}, {"us": 2.0, "dropped": 0.0}]
    assert summary(rounds, [COST, DROPPED]) == {"us": 2.0, "dropped": 3.0}
    assert summary([{"us": None}], [COST]) == {"us": None}


def test_the_tables_are_aligned_markdown() -> None:
    results: Rounds = {("s-1", "ours"): [{"us": 1234.0}], ("s-1", "c"): [{"us": 617.0}], ("s-2", "c"): [{"us": None}]}
    assert figures_table(results, [COST]).splitlines() == [
        "| scenario | server |      us |",
        "| -------- | ------ | ------: |",
        "| s-1      | ours   | 1,234.0 |",
        "| s-1      | c      |   617.0 |",
        "| s-2      | c      |       - |",
    ]
    assert ratios_table(results, [COST], ["ours"]).splitlines() == [
        "| scenario | figure | server |              to c |",
        "| -------- | ------ | ------ | ----------------: |",
        "| s-1      | us     | ours   | 2.00 (2.00..2.00) |",
    ]
    assert ratios_table({("s-1", "ours"): [{"us": 1.0}]}, [COST], ["ours"]) == ""  # nobody to compare it with


@pytest.mark.parametrize("rate", [200, 22, 2])
def test_a_window_begins_and_ends_between_a_sweep_and_the_next_line(rate: float) -> None:
    plan = Plan(1000.0, rate)
    sweeps = set(itertools.islice(plan.sweeps(), 100))
    for moment in (1000.0, 1000.26, 1001.0, 1003.123):
        edge = plan.edge(moment)
        lines_sent = int((edge - plan.start) * rate) + 1
        assert edge >= moment
        assert plan.line(lines_sent - 0.5) in sweeps  # what was sent last has been counted
        assert edge < plan.line(lines_sent)
        assert edge - moment <= plan.lines_a_sweep / rate + 1e-6


# --- the document ------------------------------------------------------------------------------------------------


def test_the_document_has_a_place_for_each_part_and_nothing_else_is_replaced() -> None:
    document = DOCUMENT.read_text("utf-8")
    for part in PARTS:
        written = replaced(document, part, "a table")
        assert written.count(f"<!-- {part} -->\n\na table\n\n<!-- end of {part} -->") == 1
        assert written.partition(f"<!-- {part} -->")[0] == document.partition(f"<!-- {part} -->")[0]
        assert written.partition(f"<!-- end of {part} -->")[2] == document.partition(f"<!-- end of {part} -->")[2]
    with pytest.raises(ValueError, match="has no place for nothing"):
        replaced(document, "nothing", "a table")


def test_the_commands_of_the_parts_exist() -> None:
    assert [arguments(words.split()[1:]).rounds for words in PARTS.values() if words.startswith("tools.bench ")]


def test_a_picture_has_a_line_for_each_server_in_both_themes() -> None:
    for theme in THEMES:
        picture = ElementTree.fromstring(
            chart("a <title>", {"select": [(10, 50), (100, 9)], "epoll": [(100, 8)]}, theme)
        )
        names = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert {"a <title>", "10", "100", "select", "epoll", "0", "80"} <= set(names)
        assert [
            len((line.get("points") or "").split()) for line in picture.iter("{http://www.w3.org/2000/svg}polyline")
        ] == [2, 1]


def test_the_cost_by_the_number_of_users_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance, "DOCS", tmp_path)
    draw([{"scenario": f"growth-{users}", "server": "ours", "median": {"us/delivery": 9.0}} for users in (10, 900)])
    assert all(">900</text>" in (tmp_path / f"growth-{theme}.svg").read_text() for theme in THEMES)


# --- the timed server --------------------------------------------------------------------------------------------


class Loop:
    """A turn with two phases, one within the other."""

    def step(self) -> None:
        self.send()

    def send(self) -> None:
        pass


def test_the_names_that_are_timed_exist_in_this_checkout() -> None:
    assert layout_here() in LAYOUTS
    assert all(tuple(layout) == PHASES for layout in LAYOUTS)


def test_a_name_that_is_gone_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_server, "LAYOUTS", ({"sending": ("server:Server.sends", "server:Nobody.sends")},))
    with pytest.raises(SystemExit, match=r"has no server:Server.sends, server:Nobody.sends, which LAYOUTS of .* names"):
        layout_here()


def test_a_phase_is_timed_without_the_phases_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.chain([0, 10, 13, 100], itertools.repeat(0))  # step begins, send begins, send ends, step ends
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(ticks))
    for method in ("step", "send"):  # so that they are put back afterwards
        monkeypatch.setattr(Loop, method, getattr(Loop, method))
    timer = Timer({"sending": (f"{__name__}:Loop.send",), "rest": (f"{__name__}:Loop.step",)})
    Loop().step()
    spent = dict(zip(PHASES, timer.take(), strict=True))
    assert (spent["sending"], spent["rest"]) == (3, 97)
    assert timer.take() == [0] * len(PHASES)


# --- for real ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not program("cc"), reason="no C compiler here")
def test_the_floor_hands_lines_on_to_all_others() -> None:
    floor = next(server for server in known({}) if server.label == "send-alone")
    with running(floor) as server:
        ann, bob, carl = (join(server.port, name) for name in ("ann", "bob", "carl"))
        assert listen_until(lambda ear: b"Welcome, " in ear.heard, [ann, bob, carl]) == []
        ann.sock.sendall(b"one\r\ntwo\nthr")
        ann.sock.sendall(b"ee\n")
        assert listen_until(lambda ear: b"ann: one\r\nann: two\r\nann: three\r\n" in ear.heard, [bob, carl]) == []
        assert b"one" not in ann.heard
        hang_up([ann, bob, carl])


@pytest.mark.parametrize("label", ["ours", "frames", "websocket"])
def test_what_a_text_user_says_is_counted_once_by_every_door(label: str) -> None:  # W2
    door = next(server for server in known({"ours": ROOT}) if server.label == label)
    with running(door) as server, clients(server, 3, talkers=[1]) as seats:
        talker = seats[1]
        assert [seat.talks for seat in seats] == [False, True, False]
        talker.sock.sendall(b"one\r\ntwo\r\n")
        for seat in (seats[0], seats[2]):
            seat.sock.settimeout(PATIENCE)
            client, heard = Client(seat), 0
            while heard < 2:
                heard += client.listen(bytearray(1 << 16))
            assert heard == 2


def test_a_million_messages_are_said_kept_and_asked_for() -> None:
    printed = tool_output("tools.bench.million", "--messages", "1000", "--starts", "1", "--times", "1")
    for row in ("saying them", "a start with all of them", "`/history 500`", "`/seen ann`"):
        assert row in printed


def test_a_run_prints_its_tables_its_machine_and_its_command(tmp_path: Path) -> None:
    options = [
        "--scenario",
        "steady-10",
        "phases-10",
        "--server",
        "ours",
        "asyncio",
        "--rounds",
        "1",
        "--seconds",
        "0.2",
    ]
    printed = tool_output("tools.bench", *options, "--json", str(tmp_path / "rounds.json"))
    for expected in (
        f"python -m tools.bench {' '.join(options)}",
        "Python ",
        "of the processors.",
        "| steady-10 ",
        " to asyncio ",
        "| phases-10 ",
    ):
        assert expected in printed
    assert (tmp_path / "rounds.json").read_text().startswith("[")
