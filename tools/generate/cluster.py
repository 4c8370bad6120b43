"""Write `package/cluster`: what packages cannot hold, for `kubectl apply -k`.

Beside what that applies, one file for each install: what is applied by choice, and examples.
"""

from function.contract import Mode
from tools.generate import (
    activation,
    credentials,
    nesting,
    protection,
    restore,
    rights,
    runtime,
)
from tools.generate.documents import yaml_text, yaml_texts

DIRECTORY = "package/cluster"


def files() -> dict[str, str]:
    """Return the manifests by path, and the kustomization that lists them."""
    found = {
        **{f"protect-{name}.yaml": documents for name, documents in protection.documents()},
        **{f"limit-{name}.yaml": documents for name, documents in nesting.documents()},
        **{f"rights-{name}.yaml": documents for name, documents in rights.documents()},
        "runtime.yaml": runtime.documents(),
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(found),
    }
    texts = {name: yaml_texts(documents) for name, documents in found.items()}
    texts["kustomization.yaml"] = yaml_text(kustomization)
    for mode in Mode:
        texts[f"activation/{mode.value}.yaml"] = yaml_text(activation.policy(mode))
        texts[f"credentials/{mode.value}.yaml"] = yaml_texts(credentials.documents(mode))
        texts[f"credentials/{mode.value}-in-cluster.yaml"] = yaml_texts(
            credentials.in_cluster(mode)
        )
    texts["restore/kustomization.yaml"] = yaml_text(restore.kustomization())
    return {f"{DIRECTORY}/{name}": text for name, text in texts.items()}
