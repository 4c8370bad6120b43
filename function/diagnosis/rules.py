"""List the meanings of providers' texts.

The first rule whose pattern is found decides, so specific rules come before general ones. The
texts were taken from real objects of provider-openstack 0.9, provider-kubernetes 1.3 and
Cluster API 1.14, and from the sources of these, of gophercloud, of Kubernetes and of
cluster-api-provider-openstack. Names, ids and addresses are removed before a text is matched.
"""

import functools
import re
from dataclasses import dataclass

PROBLEM, RETRYING, PAUSED = "ConfigurationProblem", "Retrying", "Paused"
# Sentence for a reason where nothing more is known.
SENTENCES = {
    "QuotaExceeded": "the quota of your account with the provider is used up",
    "CredentialsInvalid": "the provider's credentials for your account are not accepted; the "
    "provider has to act",
    "NoCapacity": "the provider has no capacity left for this; try later, another size or another "
    "zone",
    "RateLimited": "the provider slows requests down",
    "Timeout": "the provider did not answer in time",
    "Unreachable": "the provider cannot be reached; what runs goes on, and changes are made later",
    "NotFound": "something this order needs is not there any more; the provider has to act",
    PROBLEM: "the provider refuses what was asked of it, and has to act",
    PAUSED: "the provider has paused changes to this; they are made once it resumes",
    RETRYING: "the provider reports an error and tries again; ask your provider if this lasts",
}


@dataclass(frozen=True)
class Rule:
    """Define the meaning of a text in which an expression is found.

    Attributes:
        reason: The reason, as the tenant reads it.
        expression: The regular expression that is searched for, in any case.
        sentence: The sentence that is shown to the tenant.
        refuses: Whether such a text is a definite refusal: a retry would be refused, too.
    """

    reason: str
    expression: str
    sentence: str
    refuses: bool = False

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return the compiled expression; a program that diagnoses nothing starts without it."""
        return re.compile(self.expression, re.IGNORECASE)


def _rule(reason: str, *patterns: str, sentence: str = "", refuses: bool = False) -> Rule:
    return Rule(reason, "|".join(patterns), sentence or SENTENCES[reason], refuses)


def _field(sentence: str, *patterns: str) -> Rule:
    """Return the rule for a refusal that the tenant can correct."""
    return _rule(PROBLEM, *patterns, sentence=sentence, refuses=True)


# How an API server begins a list of errors.
_LIST = r"(?:\[|\d+ errors? occurred:\s*(?:\*\s*)?)?"
_CODE = r"(?:\bgot |with the status code |\"code\": ?)"
_MISFIT = "the provider's settings do not fit its cloud; the provider has to act"
_HAS_TO_ACT = "has failed in the cloud; the provider has to act"

# Texts of an API server. It says "is forbidden" for exceeded quotas, missing permissions, and
# whatever its admission refuses; and it quotes values and names, which may contain any text.
_API_SERVER = (
    _rule(
        "QuotaExceeded",
        rf"is forbidden: {_LIST}(?:exceeded quota|quota limits? exceeded)",
        refuses=True,
    ),
    _rule(
        "CredentialsInvalid",
        r'forbidden: User "[^"]*" cannot (?:create|patch|update)',
        refuses=True,
    ),
    _rule("CredentialsInvalid", r'forbidden: User "'),
    _rule(
        "Timeout",
        r"(?:calling|call) webhook [^\n]{0,200}(?:deadline exceeded|time-?out|timed out)",
    ),
    _rule("Unreachable", r"failed calling webhook|failed to call webhook|conversion webhook for"),
    _rule(
        PROBLEM,
        r"refuse to update the external resource",
        r'" is invalid:',
        r'" is forbidden:',
        r'admission webhook "[^"]*" denied the request',
        r"failed to create typed patch object",
        r"apply failed with \d+ conflict",
        r"request entity too large",
        r"etcdserver: request is too large",
        r"strict decoding error",
        refuses=True,
    ),
    _rule(PROBLEM, r"ProviderConfig", r"no matches for"),
    _rule(
        PROBLEM,
        r"cannot determine creation result",
        sentence="whether something was built is not known; the provider has to look",
    ),
    _rule(PAUSED, r"paused is set to true", r"/paused annotation"),
    # Before the rules that match a deadline: the client only throttles itself.
    _rule("RateLimited", r"client rate limiter"),
    _rule("Retrying", r"object has been modified", r"operation cannot be fulfilled on"),
)
# What OpenStack refuses, by the field of the order that can be corrected.
_FIELDS = (
    _field(
        "spec.networks[].ipAddress: the address is not one of that network; order another, or none",
        r"InvalidIpFor(?:Sub)?net(?:work)?",
        r"not a valid IP for",
    ),
    _field(
        "spec.networks[].ipAddress: the address is in use already; order another, or none",
        r"IpAddress(?:InUse|AlreadyAllocated)",
        r"already allocated in subnet",
    ),
    _field(
        "spec.networks[].ipAddress: addresses may not be chosen in that network; order none, or a "
        "Network of yours",
        r"create_port:fixed_ips",
    ),
    _field(
        "spec.sshKeys: the first key is not accepted; order one that is whole, and of another type "
        "if this one is",
        r"keypair data is invalid",
        r"failed to generate fingerprint",
    ),
    _field(
        "spec.userData: it is not accepted; order it shorter, or in another form",
        r"field/attribute user_data",
        r"user data needs to be valid base64",
    ),
    _field(
        "spec.mtu: larger than the provider's networks allow; order less",
        r"requested MTU is too big",
        r"InvalidMTU",
    ),
    _field(
        "spec.cidr: overlaps with another network of the provider; order another range",
        r"overlaps with (?:cidr|another subnet)",
    ),
    # The subnet is reachable once its router interface is created, or never.
    _rule(
        "NotFound",
        r"is not reachable from subnet",
        sentence="a public address needs a way out: set spec.externalAccess of the server's first "
        "Network to true, or wait until that is built",
    ),
)
# Resources that have failed in the cloud and are not re-created automatically.
_FAILED = (
    _rule(
        PROBLEM,
        r"load ?balancer [^\n]{0,200}(?:\bERROR\b|error state|is not active|is immutable)",
        sentence=f"the load balancer of the API server {_HAS_TO_ACT}",
    ),
    _rule(
        PROBLEM,
        r"Instance is in ERROR",
        r"instance has been deleted",
        sentence=f"a node {_HAS_TO_ACT}",
    ),
    _rule(PROBLEM, r"volume [^\n]{0,200}error state", sentence=f"a volume {_HAS_TO_ACT}"),
    _rule(
        PROBLEM,
        r"invalid power_state",
        sentence="a server is in a state that the provider has put it into, such as suspended; the "
        "provider has to act",
    ),
)
_WORDS = (
    _rule(
        "Timeout",
        rf"{_CODE}(?:408|504)\b",
        r"handshake timeout",
        r"i/o timeout",
        r"Client\.Timeout",
    ),
    _rule(
        "Unreachable",
        r"connection (?:refused|reset)",
        r"client connection lost",
        r"closed (?:the|network) connection",
        r"broken pipe",
        r"no such host",
        r"no route to host",
        r"network is unreachable",
        r"server misbehaving",
        r"\bEOF\b",
        r"\btls: ",
        r"x509: ",
        r"HTTP response to HTTPS client",
        r"etcdserver: (?:leader changed|no leader|mvcc)",
        r"internal error occurred: resource quota evaluation",
    ),
    _rule(
        "QuotaExceeded",
        r"quota (?:limits? )?exceeded",
        r"exceeded (?:for )?quota",
        r"over ?quota",
        r"exceeds \w+(?: \w+){0,4} quota",
        r"ExceedsAvailableQuota",
        r"maximum number of \w+(?: \w+){0,4} (?:\(\d+\) )?exceeded",
        r"exceeds \w+(?: \w+){0,4} limit",
        r"LimitExceeded",
    ),
    _rule(
        "NoCapacity",
        r"no valid (?:host|backend)",
        r"not enough hosts",
        r"no weighed backends",
        r"no more (?:free )?IP addresses",
        r"unable to find any IP address",
        r"IpAddress(?:GenerationFailure|Exhausted)",
        r"subnets exhausted",
        r"insufficient (?!storage)",
        r"out of capacity",
        r"exhausted all",
        r"resources? (?:is |are )?exhausted",
    ),
    _rule(
        "CredentialsInvalid",
        rf"{_CODE}401\b",
        r"unauthori[sz]ed",
        r"unauthenticated",
        r"authentication (?:failed|err|required)",
        r"requires authentication",
        r"re-?authenticate",
        r"could not find (?:application credential|token|user|project)",
        r"credentials",
        r"failed to get secret",
        r"policy doesn't allow",
    ),
    _rule("RateLimited", rf"{_CODE}429\b", r"rate[ -]limit", r"too many requests"),
    _rule(
        "Timeout",
        r"time-?out",
        r"timed out",
        r"deadline exceeded",
        r"in the time allotted",
        r"could not be completed at this time",
    ),
    _rule(
        PROBLEM,
        r"unexpected state 'ERROR'",
        sentence=f"a server {_HAS_TO_ACT}",
    ),
    _rule(
        "Unreachable",
        rf"{_CODE}5\d\d\b",
        r"internal server error",
        r"bad gateway",
        r"service unavailable",
        r"unable to handle the request",
        r"an error on the server",
        sentence="the provider's service is out of order for the moment; what runs goes on, and "
        "changes are made later",
    ),
)
_REST = (
    _rule(
        RETRYING,
        r"InUse\b",
        r"\bin use\b",
        sentence="something still uses what is to be removed; it is tried again",
    ),
    _rule(
        RETRYING,
        r"while it is in (?:vm_state|task_state)",
        r"server reported a conflict",
    ),
    _rule(
        "NotFound",
        rf"{_CODE}404\b",
        r"not found",
        r"unable to find",
        r"could not be found",
        r"could not find",
        r"no network found",
        r"no (?:images|flavors) were found",
        r"no server group with name",
        r"matched no resources",
    ),
    _rule(
        PROBLEM,
        r"matched more than one",
        r"too many (?:images|server groups)",
        r"which should not happen",
        r"found multiple",
        sentence=_MISFIT,
    ),
    _rule(
        PROBLEM,
        r"availability zone (?:\S+ )?is (?:invalid|not available)",
        sentence=_MISFIT,
        refuses=True,
    ),
    _rule(PROBLEM, r"ClusterClass not reconciled", r"failed to apply patch"),
    _rule(
        PROBLEM,
        rf"{_CODE}4\d\d\b",
        r"bad request with",
        r"request forbidden",
        refuses=True,
    ),
    # Texts with no more than this word; after all rules that are more specific.
    _rule("QuotaExceeded", r"\bquota\b"),
)
RULES = (*_API_SERVER, *_FIELDS, *_FAILED, *_WORDS, *_REST)
UNKNOWN = Rule(RETRYING, "", SENTENCES[RETRYING])
