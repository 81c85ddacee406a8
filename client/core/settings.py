"""What a user can set: /set, /ignore and /unignore. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode, ProtocolError
from protocol.requests import Ignore, Set, Unignore
from protocol.text import excerpt, key_of

CHOICES = {
    "bell": ("off", "mention", "whisper", "all"),
    "times": ("on", "off"),
    "joins": ("fold", "all", "none"),
    "theme": ("auto", "light", "dark"),
    "title": ("on", "off"),
    "notify": ("on", "off"),
}
MEANINGS = {
    "bell": "when to ring: when your name is mentioned; for whispers, too; for all that is said",
    "times": "whether to show when something was said",
    "joins": "who comes and goes without a word: in one line, in one each, not at all",
    "theme": "what names in colours stand on; auto: what the terminal says, else either",
    "title": "whether the window's title counts what is unread",
    "notify": "whether mentions and whispers are notices on the desktop, while you type nothing",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """One field for each of CHOICES, and the keys of the names that are ignored."""

    bell: str = "mention"
    times: str = "on"
    joins: str = "fold"
    theme: str = "auto"
    title: str = "on"
    notify: str = "off"
    ignored: frozenset[str] = field(default=frozenset())

    def ignores(self, name: str) -> bool:
        """Return whether what `name` says is hidden."""
        return key_of(name) in self.ignored


def change(settings: Settings, request: Set | Ignore | Unignore) -> tuple[Settings, str]:
    """Return the settings after `request`, and a sentence for its user. Raises ProtocolError."""
    if isinstance(request, Set):
        return _set(settings, request)
    if request.name is None:
        names = ", ".join(sorted(settings.ignored))
        return settings, f"You ignore {names}." if names else "You ignore nobody."
    key, name = key_of(request.name), excerpt(request.name)
    if isinstance(request, Ignore):
        return replace(
            settings, ignored=settings.ignored | {key}
        ), f"You ignore {name} now. /unignore {name} ends that."
    answer = f"You ignore {name} no more." if key in settings.ignored else f"You did not ignore {name}."
    return replace(settings, ignored=settings.ignored - {key}), answer


def _set(settings: Settings, request: Set) -> tuple[Settings, str]:
    if request.setting is None:
        return settings, "\n".join(map(_explained, [settings] * len(CHOICES), CHOICES))
    name, _, value = request.setting.lower().partition(" ")
    if name not in CHOICES:
        raise _wrong(f"There is no setting {excerpt(name)}, but: {', '.join(CHOICES)}")
    if value and value not in CHOICES[name]:
        raise _wrong(f"{name} is one of: {', '.join(CHOICES[name])}")
    if value:
        settings = replace(settings, **{name: value})  # type: ignore[arg-type]  # mypy can't know the field
    return settings, _explained(settings, name)


def _explained(settings: Settings, name: str) -> str:
    return f"{name} {getattr(settings, name)}  ({', '.join(CHOICES[name])}: {MEANINGS[name]})"


def _wrong(why: str) -> ProtocolError:
    return ProtocolError(ErrorCode.USAGE, why=why, usage=BY_REQUEST[Set].usage)
