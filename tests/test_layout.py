"""Where tests are, and what they may load: helpers are modules of their own."""

import re

from tests.asking import ROOT
from tests.holding import hold

MODULES = sorted((ROOT / "tests").rglob("*.py"))
IMPORTED = re.compile(
    r"^\s*(?:from|import)\s+tests[\w.]*\btest_\w+|^\s*from tests[\w.]* import .*\btest_", re.M
)


def test_no_module_imports_a_test() -> None:
    """What two tests need is in a module that is no test; pytest would run the same test twice."""

    def imports_none(text: str) -> None:
        assert IMPORTED.findall(text) == []

    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in MODULES}
    hold(imports_none, texts.items())
