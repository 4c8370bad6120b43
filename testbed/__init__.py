"""Run the real servers around the function as plain processes of this machine.

    __main__      up, down, status              profiles   what can be run, as a table
    cores         releases of Crossplane, and what a profile is
    background    a profile that outlives the command that started it
    running       start a profile, and end all of it
    servers       one file per server           install    what is applied to the API server
    garden        what makes a garden           management what makes a management cluster
    providers     what lets a provider act      objects/   what is applied of these
    packages      what a package manager does   packaged   profiles that are installed so
    kubernetes    a client of the API server    site       directory, ports and identities
    certificates, kubeconfig                    who may do what
    processes, tether, waiting                  children that end with their parent
    locks                                       one process at a time
    build, programs, go/                        programs built from pinned Go modules

Needs Go and Linux; no container engine, no image registry. Everything listens on the loopback
interface, but for ports of Crossplane, Cluster API and provider-kubernetes, which have no flag
for that.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".testbed"
