"""The page's logic by itself, in node: tests/web/ with node's own test runner."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.programs import needs

ROOT = Path(__file__).parents[2]


@needs("node")
def test_the_page_s_logic_does_as_the_file_of_cases_says() -> None:  # W3
    tests = sorted(str(path) for path in (ROOT / "tests" / "web").glob("*.test.js"))
    assert tests
    ran = subprocess.run(["node", "--test", *tests], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
