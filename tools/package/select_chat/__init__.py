"""A chat server on one select.select loop, its client, and a store to chat through without a server.

tools/package/build.py makes the package of the checkout's folders: `select_chat.protocol`, `select_chat.chat` etc.
"""

from protocol import __version__

__all__ = ["__version__"]
