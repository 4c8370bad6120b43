"""Hold an edit for every field of an environment, and the orders that live while it is made.

Every world is held against every edit, so that none is reached by accident; the worlds that a
case names must show it, so that no test passes because the edit means nothing.

worlds   environments, live orders, and what a case is
offers   edits of what is offered
rules    edits of what is judged, and of who may use an environment
blocks   edits of the settings of backends
"""

from tests.reaches import blocks, offers, rules
from tests.reaches.worlds import Case

CASES: list[Case] = [*offers.CASES, *rules.CASES, *blocks.CASES]
