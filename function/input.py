"""Declare the input of the composition step."""

from typing import Literal

from function.schema import Count, DNSLabel, Schema, configured
from function.settings import AT_ONCE, NEW_ORDERS

GROUP = "central-api.fn.scs.community"
API_VERSION = f"{GROUP}/v1alpha1"


class Input(Schema):
    """Configure the function in a Composition."""

    api_version: Literal["central-api.fn.scs.community/v1alpha1"] = configured(
        "API version of the input.", reaches=AT_ONCE, default=API_VERSION
    )
    kind: Literal["Input"] = configured("Kind of the input.", reaches=AT_ONCE, default="Input")
    metadata: dict[str, object] = configured("Ignored.", reaches=AT_ONCE, default_factory=dict)
    environment: DNSLabel = configured(
        "Environment of orders that name none. Defaults to default.",
        reaches=NEW_ORDERS,
        default="default",
    )
    refresh: Count = configured(
        "Seconds after which an order is answered again although nothing changed; an edit of an "
        "EnvironmentConfig may go unnoticed that long. Defaults to 60.",
        reaches=AT_ONCE,
        default=60,
        ge=5,
        le=3600,
    )
