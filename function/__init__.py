"""Answer a tenant's order with the resources that this provider runs.

    main       the server                     cli        the command line
    demo       orders through the server      generate   XRDs and the like from the models
    fn         adapter: protobuf, time, logs  local      plays Crossplane for one order
    simulate   stands in for providers        plain      protobuf Structs <-> plain data
    compose    bind, policy, resolve, render, guard: the heart
    backends   one file per backend           guards     nothing live vanishes
    environment, policy, resolve, versions, bound, past   what is configured, what was decided
    managed    cluster scoped or namespaced   contract   the five types that carry an order
    model, settings, input                    what tenants, providers, Compositions may say
    immutable, existence, trouble, progress   what is built, why not, and how far
    names, flavors, kubeconfig, parsing, schema, paths, errors

Imports point downwards; see the contracts in pyproject.toml.
"""
