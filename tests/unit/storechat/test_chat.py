"""storechat.core.chat: what a screen reads of a chat through a store."""

from __future__ import annotations

from client.core.chat_view import ChatView, Status
from client.view import status_bar
from client.view.scrollback import View
from storechat.core.chat import StoreChat


def test_a_screen_can_show_it() -> None:
    chat: ChatView = StoreChat("ann", ["bob"])
    assert View(chat).live(5) == []
    assert status_bar.bar(chat.name, chat.status, status_bar.Unread(), 80) == "online | ann | 1 user"
    gone = Status(online=False)
    assert status_bar.bar(chat.name, gone, status_bar.Unread(), 80) == "offline, trying again | ann"


def test_the_size_of_a_line_is_that_of_what_is_sent() -> None:
    assert StoreChat("ann", ["bob"]).size("\x07für ") == len("für".encode())
