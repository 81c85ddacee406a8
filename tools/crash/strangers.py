"""Strangers: clients who come, say one line and go, so that the room has many more clients than members."""

from __future__ import annotations

from tools.crash.history import History
from tools.crash.machine import Machine
from tools.crash.member import Member
from tools.crash.network import Network

AT_ONCE = 20  # of them: there is room for them beside the members


def pass_by(network: Network, machine: Machine, number: int, count: int) -> list[History]:
    """Let `count` strangers pass by, the first of them client `number`; return their histories."""
    histories: list[History] = []
    while len(histories) < count and machine.runs:
        first = number + len(histories)
        histories += _some(network, machine, range(first, min(first + AT_ONCE, number + count)))
    return histories


def _some(network: Network, machine: Machine, numbers: range) -> list[History]:
    wires = {Member(number): wire for number in numbers if (wire := network.connect()) is not None}
    for member, wire in wires.items():
        wire.up += member.connected()
        wire.carry(len(wire.up))
    for _ in range(2):  # they are let in, and then read
        machine.turn()
    for member, wire in wires.items():
        member.hears(wire.take(len(wire.down)), network.now)
        wire.up += member.says("passing by", network.now) if member.may_type else b""
        wire.carry(len(wire.up))
    machine.turn()
    for member, wire in wires.items():
        member.history.stayed = False
        wire.cut("end")
    machine.turn()
    return [member.history for member in wires]
