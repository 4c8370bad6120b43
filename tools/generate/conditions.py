"""Describe the conditions and their reasons, as `kubectl explain` shows them.

Crossplane adds `status.conditions` to the schema itself, in place of whatever an XRD says of it.
So they are described with `status`. Who acts on a refusal follows from its class in `errors`.
"""

from function import diagnosis, stalled
from function.errors import OperatorRefusal, TenantRefusal
from function.fn import UNEXPECTED

# What the tenant may answer by another choice, although it is the provider who offers.
_CHOICES = ("NotOffered", "EnvironmentNotFound")
_PROVISIONED = {
    "Provisioned": "all of it is",
    "Provisioning": "not all of it is yet",
    "Moving": "what was built stays with the provider, and it is built again elsewhere",
}
_CURRENT = {
    "AsOrdered": "it is",
    "Provisioning": "it is being built",
    "Updating": "it is being changed",
    "InSteps": "other versions come first",
    "Moving": "it moves to another place",
    "Failed": "it could not be built or changed",
    "Deleting": "it is being deleted although the order stays",
}
_SUPPORTED = {
    "AllFieldsExpressed": "it has",
    "FieldsNotExpressed": "those in status.unsupported have none here",
}
_REFUSED = (
    "While an order is refused, what was accepted last goes on. Provisioned, Current and "
    "BackendHealthy report it; phase and message stay as they were."
)
_UNKNOWN = "A condition is Unknown, with the reason FatalError, where Crossplane failed to apply."


def story() -> str:
    """Return the description of all conditions, a paragraph each."""
    reasons = {reason: diagnosis.sentence(reason) for reason, _ in diagnosis.REASONS}
    reasons[stalled.REASON] = stalled.SENTENCE
    paragraphs = (
        f"Accepted: the order is accepted; if not, nothing was changed. {_refusals()}",
        f"Provisioned: what belongs to the order is ready. {_listed(_PROVISIONED)}",
        f"Current: what runs is what was accepted last. {_listed(_CURRENT)}",
        f"BackendHealthy: the provider reports no problem. {_listed(reasons)}",
        f"FullySupported: every field has an effect here. {_listed(_SUPPORTED)}",
    )
    return "\n".join(("Conditions, with their reasons:", *paragraphs, _REFUSED, _UNKNOWN))


def _refusals() -> str:
    """Return the reasons for a refusal, by who acts."""
    tenant = [refusal.__name__ for refusal in TenantRefusal.__subclasses__()]
    operator = [refusal.__name__ for refusal in OperatorRefusal.__subclasses__()]
    others = [name for name in (*operator, UNEXPECTED) if name not in _CHOICES]
    return (
        f"{', '.join(tenant)}: correct the order. "
        f"{', '.join(_CHOICES)}: choose another environment, or your provider offers it. "
        f"{', '.join(others)}: your provider has to act."
    )


def _listed(reasons: dict[str, str]) -> str:
    return ". ".join(f"{reason}: {text}" for reason, text in reasons.items()) + "."
