"""Show the backend: settings and credentials."""

import json

from function.contract import Family, Manifest
from function.example import Example, Provider

# All values are text, also numbers and flags; unknown keys are ignored without a word.
_CREDENTIALS = {
    "auth_url": "https://keystone.example.com/v3",
    "region": "RegionOne",
    "application_credential_id": "<id>",
    "application_credential_secret": "<secret>",
}
_LEAST: Manifest = {
    "externalNetwork": {"name": "public", "id": "e2a1c7d4-6b1f-4a53-9d3c-7f20c1b8a9e6"}
}

EXAMPLE = Example(
    least=_LEAST,
    full={
        **_LEAST,
        "dnsServers": ["192.0.2.53", "2001:db8::53"],
        "ipv6SubnetPool": "7c9d2a10-3f4e-4d7b-8a21-90b1c2d3e4f5",
        "highAvailability": {"metadata": {"HA_Enabled": "True"}},
        "defaultNetwork": "default",
        "networks": [
            {
                "name": "default",
                "id": "3f0a7f5e-52b0-4b5e-9d51-0c54a1f1d6a1",
                "subnet": "8a4f7a59-8e7e-4b6c-8c6d-1f3f4b1c9a10",
                "ipv6Subnet": "5c1d3c9e-0f39-4f0f-9a39-6f2b7f5d0c22",
            },
            {
                "name": "backend",
                "id": "b7c9e0c4-7a0c-4f6e-8f1d-2b8d9f3e4a55",
                "subnet": "0d2e4f68-1b3d-4c5e-9f70-8a9bacbdcedf",
            },
        ],
    },
    provider=Provider(
        "provider-openstack",
        "v0.9.0",
        Family("openstack", "openstack.crossplane.io/v1beta1", "openstack.m.crossplane.io/v1beta1"),
    ),
    credentials=("credentials.json", json.dumps(_CREDENTIALS, indent=2)),
)
