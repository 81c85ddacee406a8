"""What all tests share: how hypothesis draws its examples, and the servers that tests of several files talk to.

The same examples every time, so that a change fails for its own sake; no deadline, because the machine may be busy.
To look for something new: `pytest --hypothesis-profile=search`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

import server
from tests.live import Live, SelectCalls
from tests.programs import Programs
from tests.scripted import Scripted

settings.register_profile("same-every-time", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=10_000, deadline=None)
settings.load_profile("same-every-time")


@pytest.fixture(autouse=True, scope="session")
def _settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield
