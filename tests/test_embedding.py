"""The tutorial for programs quotes the examples, word for word."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs" / "embedding.md").read_text("utf-8")
OF_THE_MODULE = "with BlockingWorkspace.open"
"""How the one quotation begins that is in no example, but in the tests of that class."""


def test_each_quotation_is_in_an_example() -> None:
    paths = [*(CHECKOUT / "examples").rglob("*.py"), CHECKOUT / "tests" / "test_custom_link.py"]
    examples = [path.read_text("utf-8") for path in paths]
    dedented = ["\n".join(line.strip() for line in text.split("\n")) for text in examples]
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        if code.startswith(OF_THE_MODULE):
            continue
        quoted = "\n".join(line.strip() for line in textwrap.dedent(code).strip().split("\n"))
        assert any(quoted in text for text in dedented), code


def test_each_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (CHECKOUT / "docs" / target).exists(), target
