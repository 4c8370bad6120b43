"""Know the fields that Crossplane itself keeps in claims and composites, beside what is ordered."""

_SHARED = frozenset(
    {
        "compositionRef",
        "compositionRevisionRef",
        "compositionRevisionSelector",
        "compositionSelector",
        "compositionUpdatePolicy",
        "publishConnectionDetailsTo",
        "writeConnectionSecretToRef",
    }
)
# How a composite is deleted with its claim.
DELETE_POLICY = "compositeDeletePolicy"
# The tenant's own, though Crossplane declares it.
SECRET = "writeConnectionSecretToRef"  # noqa: S105  # a field
# References from a composite to its claim, and to its composed resources.
TIES = frozenset({"claimRef", "resourceRefs"})
# Fields of `spec`, by what has them.
CLAIM = _SHARED | {DELETE_POLICY, "resourceRef"}
COMPOSITE = _SHARED | TIES
NAMESPACED = frozenset({"crossplane"})
# `environmentConfigRefs` was one of Crossplane 1.
SPEC = CLAIM | COMPOSITE | NAMESPACED | {"environmentConfigRefs"}
STATUS = frozenset({"conditions", "connectionDetails", "claimConditionTypes", "crossplane"})
