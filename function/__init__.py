"""Answer a tenant's order with the resources that this provider runs.

    main, serving   the server                cli        the command line
    render     orders from files              forms, files   what is printed, and read
    admission  what an API server refuses
    fn         adapter: protobuf, time, logs  local      plays Crossplane for one order
    simulate   plays providers for `render`   plain      protobuf Structs <-> plain data
    example    what documents and tests show of a backend
    wire       requests that protobuf refuses to read
    compose    bind, policy, resolve, render, guard: the heart
    backends   one package per backend        guards     nothing live vanishes
    environment, policy, resolve, versions, bound, past   what is configured, what was decided
    texts      which characters new text may hold
    stalled    what never becomes ready, and nobody says why
    stale, outdated    an older version of an order, what a newer function composed
    placing    ProviderConfig and namespace of a tenant
    managed    cluster scoped or namespaced   contract   the five types that carry an order
    model, settings, input                    what tenants, providers, Compositions may say
    assembly   environments, parsed once      merge      layers -> one environment
    sizes      limits of a whole order        wire       requests that protobuf rejects
    metadata, manifests   what an API server takes
    constraints   what new and changed values must meet
    immutable, existence, diagnosis, progress   what is built, why not, and how far
    names, labels, flavors, kubeconfig, parsing, schema, shapes, paths, errors, excerpts

Imports point downwards, the server loads nothing of the command line, and nothing here imports
what builds, shows or tests it (`tools`, `tests` and others); see the contracts in pyproject.toml.
"""
