"""Bugs in the fan-out, and in the choice of a whisper's readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from chat import hub
from chat.delivery.fanout import Fanout, _View
from chat.effects import Broadcast, Delivery, Effect, Unicast, told
from protocol import requests
from protocol.events import Said, Whispered
from tools.crash.mutants.bug import OFTEN, Bug, Effects
from tools.crash.patches import Patches

Deliveries = list[Delivery]


def _told_otherwise(change: Callable[[Deliveries, Iterator[int]], Deliveries]) -> Bug:
    """Return the bug that changes a turn's effects before they are told."""

    def infect(patches: Patches) -> None:
        counter, deliver = count(1), Fanout.deliver

        def delivering(self: Fanout, effects: Deliveries, now: float) -> int:
            return deliver(self, change(list(effects), counter), now)

        patches.replace(Fanout, "deliver", delivering)

    return infect


def _is_said(effect: Effect) -> bool:
    return isinstance(effect, Broadcast) and isinstance(effect.event, Said)


def _doubled(effects: Deliveries, counter: Iterator[int]) -> Deliveries:
    return [e for effect in effects for e in [effect] * (2 if _is_said(effect) and not next(counter) % OFTEN else 1)]


def _dropped(effects: Deliveries, counter: Iterator[int]) -> Deliveries:
    return [effect for effect in effects if not _is_said(effect) or next(counter) % OFTEN]


def _swapped(effects: Deliveries, counter: Iterator[int]) -> Deliveries:
    """Swap two messages of a turn, for everybody."""
    places = [place for place, effect in enumerate(effects) if _is_said(effect)]
    if len(places) > 1:
        first, second = places[:2]
        effects[first], effects[second] = effects[second], effects[first]
    return effects


def _not_echoed(effects: Deliveries, counter: Iterator[int]) -> Deliveries:
    """Tell an author's message to the others, but not to the author."""
    return [
        Broadcast(replace(effect.event, cseq=None), effect.exclude)  # type: ignore[union-attr,arg-type]
        if _is_said(effect) and not next(counter) % OFTEN
        else effect
        for effect in effects
    ]


def drop_for_one(patches: Patches) -> None:
    """One reader is not told of a turn."""
    counter, deliver = count(1), Fanout.deliver

    def delivering(self: Fanout, effects: Deliveries, now: float) -> int:
        effects = list(effects)
        only_said = all(map(_is_said, effects))
        if not (effects and only_said and self.readers) or next(counter) % OFTEN:
            return deliver(self, effects, now)
        left_out = next(iter(self.readers))
        group = self._groups[left_out.dialect]
        send = group.pop(left_out)
        deliveries = deliver(self, effects, now)
        group[left_out] = send
        return deliveries

    patches.replace(Fanout, "deliver", delivering)


def altered_for_one(patches: Patches) -> None:
    """A cut buffer is cut at the wrong place: one reader is told another text."""
    counter, part = count(1), _View.buffers

    def buffers(self: _View, rendering: Any) -> Iterator[Any]:
        for buffer, is_own in part(self, rendering):
            changed = bytes(buffer).replace(b"hello", b"hullo")
            yield (buffer if next(counter) % OFTEN else changed), is_own

    patches.replace(_View, "buffers", buffers)


def late_newcomer(patches: Patches) -> None:
    """A newcomer becomes a reader one turn late."""
    enter = _View.enter
    patches.replace(_View, "enter", lambda self, index: enter(self, index + 1000))


def follow(patches: Patches, proposal: type, change: Callable[[Any, Any, Effects], Effects]) -> None:
    """Change what follows from proposals of a kind, by a function of (state, author, effects)."""
    consequences = dict(hub._CONSEQUENCES)
    consequence = consequences[proposal]

    def changed(state: Any, author: Any, *arguments: Any) -> Effects:
        return change(state, author, told(author, consequence(state, author, *arguments), None))

    consequences[proposal] = changed
    patches.replace(hub, "_CONSEQUENCES", consequences)


def _whispers(change: Callable[[Any, Any, Effects], Effects]) -> Bug:
    return lambda patches: follow(patches, requests.Whisper, change)


def _to_a_third(state: Any, session: Any, effects: Effects) -> Effects:
    whispered = [
        effect.event for effect in effects if isinstance(effect, Unicast) and isinstance(effect.event, Whispered)
    ]
    told = {effect.session for effect in effects if isinstance(effect, Unicast)}
    third = next((other for other in state.sessions.values() if other not in told), None)
    return [*effects, *(Unicast(third, event) for event in whispered[:1] if third is not None)]


def _to_nobody(state: Any, session: Any, effects: Effects) -> Effects:
    return [e for e in effects if not isinstance(e, Unicast) or e.session is session]


def _not_to_author(state: Any, session: Any, effects: Effects) -> Effects:
    return [e for e in effects if not isinstance(e, Unicast) or e.session is not session]


TELLING: dict[str, Bug] = {
    "double-event": _told_otherwise(_doubled),
    "drop-event": _told_otherwise(_dropped),
    "swap-events": _told_otherwise(_swapped),
    "echo-without-cseq": _told_otherwise(_not_echoed),
    "drop-for-one": drop_for_one,
    "alter-for-one": altered_for_one,
    "newcomer-late": late_newcomer,
    "whisper-to-a-third": _whispers(_to_a_third),
    "whisper-to-nobody": _whispers(_to_nobody),
    "whisper-unacknowledged": _whispers(_not_to_author),
}
