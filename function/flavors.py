"""Read SCS flavor names and pick one for a wished size.

A cloud sells virtual machines under names such as `SCS-4V-16-100s`: four shared vCPUs, 16 GiB of
memory and a 100 GB SSD. Tenants either give such a name or a size. For a name, `find` looks for an
offer that means the same; for a size, `choose` takes the smallest offer that is large enough. Both
answer with the name exactly as the cloud spells it, because Nova knows no other spelling.

The grammar is that of scs-0100 v3, read as its reference parser reads it. The v1 spelling
(`SCS-4V:16:100s`) is accepted everywhere. A name without the prefix `SCS-` says nothing about the
machine behind it; an operator describes such an offer by building a `Flavor`. The file is long
because reading, comparing and choosing share the tables of the grammar.
"""

import functools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_PREFIX = "SCS-"

_NAME = re.compile(
    r"""
    SCS-(?P<vcpus>[0-9]+)(?P<cpu_type>[LVTC])(?P<insecure>i?)
    -(?P<memory>[0-9]+(?:\.[0-9]+)?)(?P<no_ecc>u?)(?P<oversubscribed>o?)
    (?P<disk>-(?:(?P<disks>[0-9]*)x)?(?P<disk_size>[0-9]*)(?P<disk_type>[nhsp]?))?
    (?:_(?P<hypervisor>kvm|chy|xen|vmw|hyv|bms))?
    (?P<nested>_hwv)?
    (?:_(?P<cpu>[izar])(?P<cpu_generation>[0-9]*)(?P<cpu_frequency>h*)(?=_|\Z))?
    (?:_(?P<gpu>[gG])(?P<gpu_vendor>[NAI])(?P<gpu_generation>[^-_h]*)
        (?:-(?P<gpu_units>[0-9]+))?(?P<gpu_frequency>h*)
        (?:-(?P<gpu_memory>[0-9]+))?(?P<gpu_bandwidth>h*))?
    (?P<infiniband>_ib)?
    """,
    re.VERBOSE,
)

_CPU_VENDORS = {"i": "intel", "z": "amd", "a": "arm", "r": "riscv"}
_CPU_NEWEST_GENERATIONS = {"i": 6, "z": 6, "a": 5, "r": 0}
_CPU_FREQUENCIES = {"": None, "h": 2.75, "hh": 3.25, "hhh": 3.75}
_CPU_RANKS = {"L": 0, "V": 1, "T": 2, "C": 3}
_ARCHITECTURES = {"a": "arm64", "r": "riscv64"}
_ARCHITECTURE_PARTS = {"amd64": "", "arm64": "_a", "riscv64": "_r"}

_GPU_VENDORS = {"N": "nvidia", "A": "amd", "I": "intel"}
_GPU_LETTERS = {vendor: letter for letter, vendor in _GPU_VENDORS.items()}
_GPU_GENERATIONS = {
    "N": ("", "f", "k", "m", "p", "v", "t", "a", "l", "g", "b", "u"),
    "A": ("", "0.4", "0.5", "1", "1.1", "2", "2.1", "3", "3.1", "3.5", "4", "4.1", "5.1"),
    "I": ("", "0.9", "0.95", "1", "2", "3", "4"),
}
_GPU_SPEEDS = ("", "h", "hh")

_DISK_LETTERS = {"network": "n", "hdd": "h", "ssd": "s", "nvme": "p"}
_DISK_RANKS = {"": 0, "n": 1, "h": 2, "s": 3, "p": 4}


@dataclass(frozen=True)
class Gpu:
    """Describe the graphics processor of a flavor, as far as its name does.

    Attributes:
        vendor: `nvidia`, `amd` or `intel`.
        passthrough: True for a whole device, False for a share of one (vGPU).
        generation: The code used in the name, such as `a` for Nvidia Ampere.
        units: Processing units (SM, CU or EU), which is not the number of devices.
        memory_gib: Memory of one device.
    """

    vendor: str
    passthrough: bool
    generation: str = ""
    units: int | None = None
    memory_gib: int | None = None


@dataclass(frozen=True)
class Flavor:
    """Describe one offer of a cloud; `name` is spelt exactly as the cloud spells it.

    Attributes:
        disks: Number of local disks of equal size; the first one is the root disk.
        disk_gib: Size of the root disk; None without a disk, 0 if the cloud chooses the size.
        disk_type: Empty if unspecified, or `n` (network), `h` (HDD), `s` (SSD), `p` (NVMe).
        cpu_type: `L` crowded, `V` shared, `T` dedicated thread, `C` dedicated core.
        architecture: `amd64`, `arm64` or `riscv64`.
        insecure: The processor lacks mitigations against known attacks.
        hypervisor: The code used in the name; `bms` is bare metal.
        cpu_vendor: Empty if unspecified, or `intel`, `amd`, `arm`, `riscv`.
        cpu_generation: 0 if old or unspecified.
        cpu_frequency: Lower bound in GHz.
        gpus: Number of devices; a name with a GPU part counts as one.
    """

    name: str
    cpu: int
    memory_gib: float
    disks: int = 0
    disk_gib: int | None = None
    disk_type: str = ""
    cpu_type: str = "V"
    architecture: str = "amd64"
    insecure: bool = False
    no_ecc: bool = False
    oversubscribed: bool = False
    hypervisor: str = ""
    nested_virtualisation: bool = False
    cpu_vendor: str = ""
    cpu_generation: int = 0
    cpu_frequency: float | None = None
    gpu: Gpu | None = None
    gpus: int = 0
    infiniband: bool = False

    @property
    def diskless(self) -> bool:
        """Say whether a server of this flavor has to boot from a volume."""
        return self.disk_gib is None


@dataclass(frozen=True)
class Wish:
    """Describe the least a tenant needs; every number is a lower bound.

    Attributes:
        disk_type: None for any, or `network`, `hdd`, `ssd`, `nvme`; asks for a disk in the flavor.
        cpu_type: The lowest acceptable of `L`, `V`, `T`, `C`.
        gpu_memory_gib: Memory of one device.
    """

    cpu: int
    memory_gib: float
    disk_gib: int | None = None
    disk_type: str | None = None
    cpu_type: str = "V"
    architecture: str = "amd64"
    gpu_vendor: str | None = None
    gpus: int = 0
    gpu_memory_gib: int | None = None


def normalise(name: str) -> str:
    """Rewrite a v1 name with the v2 separators and leave every other name alone."""
    if not name.startswith(_PREFIX) or ":" not in name:
        return name
    return _PREFIX + name.removeprefix(_PREFIX).replace("-", "_").replace(":", "-")


def parse(name: str) -> Flavor | None:
    """Read a flavor name.

    Returns:
        The flavor, named exactly as given, or None for a name outside the SCS scheme.

    Raises:
        ValueError: The name begins with `SCS-` and violates the grammar.
    """
    if not name.startswith(_PREFIX):
        return None
    text = normalise(name)
    parts = _NAME.match(text)
    if parts is None:
        raise ValueError(
            f"flavor {name!r} does not begin with vCPUs, one of L, V, T, C, and memory,"
            " as SCS-2V-4 does"
        )
    rest = text[parts.end() :]
    if rest:
        raise ValueError(f"flavor {name!r} has {rest!r}, which is unknown or out of order")
    return _flavor(name, parts)


def canonical(flavor: Flavor | str) -> str:
    """Spell a flavor in the short form shared by all names that mean the same.

    Hypervisor, nested virtualisation, x86 brand and all speed marks are left out. Only the name
    counts, also for a `Flavor`; a name outside the SCS scheme is its own short form.

    Raises:
        ValueError: The name begins with `SCS-` and violates the grammar.
    """
    name = flavor if isinstance(flavor, str) else flavor.name
    parsed = parse(name)
    if parsed is None:
        return name
    architecture = _ARCHITECTURE_PARTS[parsed.architecture]
    machine = _PREFIX + _compute_part(parsed) + _disk_part(parsed) + architecture
    return machine + _gpu_part(parsed.gpu) + "_ib" * parsed.infiniband


def find(requested: str, offered: Sequence[Flavor]) -> Flavor | None:
    """Look up an offer by name: the very name, else one with the same short form.

    Of several with the same short form the shortest name wins, then the first by alphabet.
    A name that violates the grammar is found only under that very name.
    """
    for name in (requested, normalise(requested)):
        exact = next((flavor for flavor in offered if flavor.name == name), None)
        if exact is not None:
            return exact
    wanted = _short_form(requested)
    same = [flavor for flavor in offered if _short_form(flavor.name) == wanted]
    return min(same, key=lambda flavor: (len(flavor.name), flavor.name), default=None)


def choose(wish: Wish, offered: Sequence[Flavor]) -> Flavor | None:
    """Take the smallest offer that grants every part of the wish.

    Without a wished disk type the server boots from a volume, so an offer without a disk is
    preferred to any with one. The order of the offers has no influence.
    """
    fitting = [flavor for flavor in offered if _fits(flavor, wish)]
    if wish.disk_type is not None:
        return min(fitting, key=_price, default=None)
    diskless = [flavor for flavor in fitting if flavor.diskless]
    return min(diskless or fitting, key=_price, default=None)


def nearest(wish: Wish, offered: Sequence[Flavor], count: int = 3) -> tuple[str, ...]:
    """Name the offers closest to a wish that none of them grants, for an error message.

    Offers of the wished kind (architecture, GPU, CPU type) come first; then the distance in vCPUs
    counts, then in memory, and at equal distance the bigger offer is named first.
    """

    def distance(flavor: Flavor) -> tuple[bool, float, bool, float, bool, int, str]:
        cpu = flavor.cpu - wish.cpu
        memory = flavor.memory_gib - wish.memory_gib
        other_kind = not _right_kind(flavor, wish)
        name = flavor.name
        return (other_kind, abs(cpu), cpu < 0, abs(memory), memory < 0, len(name), name)

    names = dict.fromkeys(flavor.name for flavor in sorted(offered, key=distance))
    return tuple(names)[:count]


def _flavor(name: str, parts: re.Match[str]) -> Flavor:
    """Translate the matched parts of a name and check the value of each."""
    brand = parts["cpu"] or ""
    return Flavor(
        name=name,
        cpu=_positive(parts, "vcpus"),
        memory_gib=_memory(parts),
        disks=_positive(parts, "disks", default=1) if parts["disk"] else 0,
        disk_gib=_positive(parts, "disk_size") if parts["disk"] else None,
        disk_type=parts["disk_type"] or "",
        cpu_type=parts["cpu_type"],
        architecture=_ARCHITECTURES.get(brand, "amd64"),
        insecure=bool(parts["insecure"]),
        no_ecc=bool(parts["no_ecc"]),
        oversubscribed=bool(parts["oversubscribed"]),
        hypervisor=parts["hypervisor"] or "",
        nested_virtualisation=bool(parts["nested"]),
        cpu_vendor=_CPU_VENDORS.get(brand, ""),
        cpu_generation=_cpu_generation(parts),
        cpu_frequency=_CPU_FREQUENCIES[_one_of(parts, "cpu_frequency", _CPU_FREQUENCIES)],
        gpu=_gpu(parts),
        gpus=1 if parts["gpu"] else 0,
        infiniband=bool(parts["infiniband"]),
    )


def _positive(parts: re.Match[str], part: str, default: int = 0) -> int:
    """Read a number that must be above zero if it is written at all."""
    digits = parts[part]
    if not digits:
        return default
    if int(digits) == 0:
        raise _wrong(parts, part, "above 0")
    return int(digits)


def _memory(parts: re.Match[str]) -> float:
    """Read the memory in GiB, which comes in steps of one half."""
    memory = float(parts["memory"])
    if memory <= 0 or memory % 0.5 != 0:
        raise _wrong(parts, "memory", "a multiple of 0.5 above 0")
    return memory


def _cpu_generation(parts: re.Match[str]) -> int:
    """Read the generation of the processor, 0 if there is none."""
    generation = int(parts["cpu_generation"] or 0)
    newest = _CPU_NEWEST_GENERATIONS[parts["cpu"]] if generation else 0
    if generation > newest:
        raise _wrong(parts, "cpu_generation", f"at most {newest}")
    return generation


def _gpu(parts: re.Match[str]) -> Gpu | None:
    """Read the GPU part, if there is one."""
    if not parts["gpu"]:
        return None
    _one_of(parts, "gpu_frequency", _GPU_SPEEDS)
    _one_of(parts, "gpu_bandwidth", _GPU_SPEEDS)
    return Gpu(
        vendor=_GPU_VENDORS[parts["gpu_vendor"]],
        passthrough=parts["gpu"] == "G",
        generation=_one_of(parts, "gpu_generation", _GPU_GENERATIONS[parts["gpu_vendor"]]),
        units=_positive(parts, "gpu_units") or None,
        memory_gib=_positive(parts, "gpu_memory") or None,
    )


def _one_of(parts: re.Match[str], part: str, known: Collection[str]) -> str:
    """Read a part that is empty, absent or one of the known values."""
    value = parts[part] or ""
    if value not in known:
        raise _wrong(parts, part, "one of: " + ", ".join(filter(None, known)))
    return value


def _wrong(parts: re.Match[str], part: str, rule: str) -> ValueError:
    """Say which part of a name breaks which rule."""
    label = part.replace("_", " ")
    return ValueError(f"flavor {parts.string!r} has {parts[part]!r} as {label}, must be {rule}")


def _compute_part(flavor: Flavor) -> str:
    """Spell vCPUs and memory with their marks."""
    memory = int(flavor.memory_gib) if flavor.memory_gib.is_integer() else flavor.memory_gib
    insecure = "i" * flavor.insecure
    marks = "u" * flavor.no_ecc + "o" * flavor.oversubscribed
    return f"{flavor.cpu}{flavor.cpu_type}{insecure}-{memory}{marks}"


def _disk_part(flavor: Flavor) -> str:
    """Spell the disks; a lone dash means that the cloud chooses."""
    if flavor.diskless:
        return ""
    disks = f"{flavor.disks}x" if flavor.disks > 1 else ""
    return f"-{disks}{flavor.disk_gib or ''}{flavor.disk_type}"


def _gpu_part(gpu: Gpu | None) -> str:
    """Spell the GPU without its speed marks."""
    if gpu is None:
        return ""
    device = "G" if gpu.passthrough else "g"
    units = f"-{gpu.units}" if gpu.units else ""
    memory = f"-{gpu.memory_gib}" if gpu.memory_gib else ""
    return f"_{device}{_GPU_LETTERS[gpu.vendor]}{gpu.generation}{units}{memory}"


@functools.lru_cache(maxsize=2**14)
def _short_form(name: str) -> str:
    """Return the canonical name, or the name itself if the grammar rejects it."""
    try:
        return canonical(name)
    except ValueError:
        return name


def _fits(flavor: Flavor, wish: Wish) -> bool:
    """Say whether a flavor grants every part of the wish."""
    return (
        flavor.cpu >= wish.cpu
        and flavor.memory_gib >= wish.memory_gib
        and _right_kind(flavor, wish)
        and _disk_fits(flavor, wish)
    )


def _right_kind(flavor: Flavor, wish: Wish) -> bool:
    """Say whether a flavor, whatever its size, may serve the wish at all.

    A size cannot ask for weak protection, oversubscribed memory, bare metal or Infiniband, so
    these are available by name only.
    """
    unasked = flavor.insecure or flavor.no_ecc or flavor.oversubscribed or flavor.infiniband
    return (
        not unasked
        and flavor.hypervisor != "bms"
        and flavor.architecture == wish.architecture
        and _CPU_RANKS[flavor.cpu_type] >= _CPU_RANKS[wish.cpu_type]
        and _gpu_fits(flavor, wish)
    )


def _gpu_fits(flavor: Flavor, wish: Wish) -> bool:
    """Say whether a flavor has the wished GPUs, or none if none is wished."""
    wanted = wish.gpus or wish.gpu_vendor or wish.gpu_memory_gib
    if not wanted:
        return flavor.gpu is None and flavor.gpus == 0
    if flavor.gpus < max(wish.gpus, 1):
        return False
    gpu = flavor.gpu or Gpu(vendor="", passthrough=False)
    memory = gpu.memory_gib or 0
    return wish.gpu_vendor in (None, gpu.vendor) and memory >= (wish.gpu_memory_gib or 0)


def _disk_fits(flavor: Flavor, wish: Wish) -> bool:
    """Say whether the root disk is large and fast enough, or may come from a volume."""
    if flavor.disk_gib is None:
        return wish.disk_type is None
    if flavor.disk_gib < (wish.disk_gib or 0):
        return False
    if wish.disk_type is None:
        return True
    return _DISK_RANKS[flavor.disk_type] >= _DISK_RANKS[_DISK_LETTERS[wish.disk_type]]


def _price(flavor: Flavor) -> tuple[int, int, float, int, int, int, str]:
    """Order flavors from the least to the most a tenant would pay for.

    GPUs come first since one costs more than any number of vCPUs next to it.
    """
    return (
        flavor.gpus,
        flavor.cpu,
        flavor.memory_gib,
        flavor.disk_gib or 0,
        _CPU_RANKS[flavor.cpu_type],
        len(flavor.name),
        flavor.name,
    )
