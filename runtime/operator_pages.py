"""The pages for programs of the operator: is the server well, and what has it done?"""

from __future__ import annotations

from collections.abc import Callable, Collection

from chat.delivery.site import Page, operator_page
from chat.networks import Network
from runtime.metrics import Snapshot, families
from runtime.prometheus import CONTENT_TYPE, exposition


def operator_pages(trusted: Collection[Network], look: Callable[[], Snapshot]) -> dict[str, Page]:
    """Return the pages by their paths, for this machine and the `trusted` networks; `look` is called for each request.

    An answer of /healthz took a turn of the loop, which is all that the server needs to be well.
    """
    return {
        "/healthz": operator_page(trusted, lambda: ("text/plain; charset=utf-8", "ok\n")),
        "/metrics": operator_page(trusted, lambda: (CONTENT_TYPE, exposition(families(look())))),
    }
