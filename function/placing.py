"""Say where an order is answered: environment, backend, ProviderConfig and namespace."""

from collections.abc import Iterator
from typing import Any

from function.contract import Backend, Environment
from function.errors import EnvironmentInvalid, Problem
from function.merge import Blame
from function.settings import NAMESPACE, PROVIDER_CONFIG, Form, Place


def place(backend: Backend[Any], environment: Environment, tenant: str) -> Place:
    """Return where an order is answered.

    Raises:
        EnvironmentInvalid: Its ProviderConfig or namespace would have too long a name.
    """
    own = environment.settings.block(backend.name, backend.settings)
    config, namespace = backend.provider_config(own, tenant), backend.namespace(own, tenant)
    at = f"backends.{backend.name}"
    problems = [
        *_too_long(config, PROVIDER_CONFIG, f"{at}.providerConfig", environment, tenant),
        *_too_long(namespace, NAMESPACE, f"{at}.namespace", environment, tenant),
    ]
    if problems:
        raise EnvironmentInvalid(*problems)
    return Place(
        environment=environment.name,
        backend=backend.name,
        provider_config=config,
        namespace=namespace,
    )


def _too_long(
    name: str, form: Form, at: str, environment: Environment, tenant: str
) -> Iterator[Problem]:
    """Yield what is wrong with a name that a template makes too long for this tenant only."""
    if len(name) > form.limit:
        layer = Blame(environment.provenance).of(at) or environment.root
        text = f"has {len(name)} characters for tenant {tenant}, at most {form.limit} are accepted"
        advice = "shorten it, or give this tenant a name of its own in an overlay"
        yield Problem(at, f"{text}; {advice} (EnvironmentConfig {layer})")
