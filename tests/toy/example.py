"""Show the toy: settings and credentials."""

from function.example import Example, Provider
from tests.toy import FAMILY

EXAMPLE = Example(
    least={"color": "red"},
    full={"color": "blue"},
    provider=Provider("provider-toy", "v0.0.1", FAMILY),
    credentials=("token", "<a token>"),
)
