"""Build and show the project: what contributors run, and no installation contains.

    generate   XRDs, policies, references, OpenAPI and alerts, from the models
    demo       example orders through the real server: `make demo`
    overview   what the demo shows

Everything here imports `function`, which never imports anything of it: neither the wheel nor the
image contains this package. Imports point downwards; see the contracts in pyproject.toml.
"""
