"""Check how flavor names are read, compared and chosen.

The names and their meanings follow scs-0100 v3, the list of offers is that of scs-0103 v1.2.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.flavors import (
    Flavor,
    Gpu,
    Wish,
    canonical,
    choose,
    find,
    nearest,
    normalise,
    parse,
)

MANDATORY_NAMES = (
    "SCS-1V-4",
    "SCS-2V-8",
    "SCS-4V-16",
    "SCS-4V-16-100s",
    "SCS-8V-32",
    "SCS-1V-2",
    "SCS-2V-4",
    "SCS-2V-4-20s",
    "SCS-4V-8",
    "SCS-8V-16",
    "SCS-16V-32",
    "SCS-1V-8",
    "SCS-2V-16",
    "SCS-4V-32",
    "SCS-1L-1",
)


def offers(*names: str) -> list[Flavor]:
    """Parse names that are known to follow the grammar."""
    return [flavor for flavor in map(parse, names) if flavor is not None]


MANDATORY = offers(*MANDATORY_NAMES)


def disk(size: int, kind: str = "", count: int = 1) -> dict[str, object]:
    """Spell the three disk fields of a flavor."""
    return {"disks": count, "disk_gib": size, "disk_type": kind}


def dedicated(kind: str, memory: float = 4.0) -> dict[str, object]:
    """Spell the fields of the small machine that most examples use."""
    return {"cpu": 2, "memory_gib": memory, "cpu_type": kind}


def accelerated(cpu: int, kind: str, gpu: Gpu) -> dict[str, object]:
    """Spell the fields of a machine with 64 GiB and a GPU."""
    return {"cpu": cpu, "memory_gib": 64.0, "cpu_type": kind, "gpu": gpu, "gpus": 1}


AMPERE = Gpu("nvidia", True, "a", 14, 6)
ICE_LAKE = {"cpu_vendor": "intel", "cpu_generation": 3, "cpu_frequency": 2.75}
ARM = {"architecture": "arm64", "cpu_vendor": "arm"}

DECODED: dict[str, dict[str, object]] = {
    "SCS-1V-4": {"cpu": 1, "memory_gib": 4.0},
    "SCS-1L-1": {"cpu": 1, "memory_gib": 1.0, "cpu_type": "L"},
    "SCS-1L-1u-5": {"cpu": 1, "memory_gib": 1.0, "cpu_type": "L", "no_ecc": True, **disk(5)},
    "SCS-1V-0.5": {"cpu": 1, "memory_gib": 0.5},
    "SCS-2V-4-20s": {"cpu": 2, "memory_gib": 4.0, **disk(20, "s")},
    "SCS-4V-16-100s": {"cpu": 4, "memory_gib": 16.0, **disk(100, "s")},
    "SCS-4V-16-50": {"cpu": 4, "memory_gib": 16.0, **disk(50)},
    "SCS-16V-32-100": {"cpu": 16, "memory_gib": 32.0, **disk(100)},
    "SCS-2C-4-10n": {**dedicated("C"), **disk(10, "n")},
    "SCS-2C-3.5-10n": {**dedicated("C", 3.5), **disk(10, "n")},
    "SCS-2T-4-10n": {**dedicated("T"), **disk(10, "n")},
    "SCS-2Li-4-10n": {**dedicated("L"), "insecure": True, **disk(10, "n")},
    "SCS-2C-4uo-10n": {
        **dedicated("C"),
        **disk(10, "n"),
        "no_ecc": True,
        "oversubscribed": True,
    },
    "SCS-8Ti-32-50p_i1": {
        "cpu": 8,
        "memory_gib": 32.0,
        "cpu_type": "T",
        "insecure": True,
        **disk(50, "p"),
        "cpu_vendor": "intel",
        "cpu_generation": 1,
    },
    "SCS-2C-4-n": {**dedicated("C"), **disk(0, "n")},
    "SCS-2C-4-": {**dedicated("C"), **disk(0)},
    "SCS-2C-4-3x10": {**dedicated("C"), **disk(10, count=3)},
    "SCS-4C-16-2x200p_a1": {
        "cpu": 4,
        "memory_gib": 16.0,
        "cpu_type": "C",
        **disk(200, "p", count=2),
        **ARM,
        "cpu_generation": 1,
    },
    "SCS-8C-32-100p_a4": {
        "cpu": 8,
        "memory_gib": 32.0,
        "cpu_type": "C",
        **disk(100, "p"),
        **ARM,
        "cpu_generation": 4,
    },
    "SCS-4V-8_a": {"cpu": 4, "memory_gib": 8.0, **ARM},
    "SCS-4V-8-20_r": {
        "cpu": 4,
        "memory_gib": 8.0,
        **disk(20),
        "architecture": "riscv64",
        "cpu_vendor": "riscv",
    },
    "SCS-4V-16-100_z5": {
        "cpu": 4,
        "memory_gib": 16.0,
        **disk(100),
        "cpu_vendor": "amd",
        "cpu_generation": 5,
    },
    "SCS-2C-4-10n_z3hh": {
        **dedicated("C"),
        **disk(10, "n"),
        "cpu_vendor": "amd",
        "cpu_generation": 3,
        "cpu_frequency": 3.25,
    },
    "SCS-2C-4-10_kvm_hwv": {
        **dedicated("C"),
        **disk(10),
        "hypervisor": "kvm",
        "nested_virtualisation": True,
    },
    "SCS-2C-4_bms_z3": {
        **dedicated("C"),
        "hypervisor": "bms",
        "cpu_vendor": "amd",
        "cpu_generation": 3,
    },
    "SCS-2C-4-_ib": {**dedicated("C"), **disk(0), "infiniband": True},
    "SCS-16V-64-500s_GNa-14-6h": {**accelerated(16, "V", AMPERE), **disk(500, "s")},
    "SCS-16V-64-500s_gNa": {
        **accelerated(16, "V", Gpu("nvidia", False, "a")),
        **disk(500, "s"),
    },
    "SCS-8V-64_GNl-20h-24": accelerated(8, "V", Gpu("nvidia", True, "l", 20, 24)),
    "SCS-8V-64_GA3-304-192h": accelerated(8, "V", Gpu("amd", True, "3", 304, 192)),
    "SCS-16T-64-200s_GNa-72-24_ib": {
        **accelerated(16, "T", Gpu("nvidia", True, "a", 72, 24)),
        **disk(200, "s"),
        "infiniband": True,
    },
    "SCS-16T-64-3x10s_bms_hwv_i3h_GNa-64_ib": {
        **accelerated(16, "T", Gpu("nvidia", True, "a", 64)),
        **disk(10, "s", count=3),
        **ICE_LAKE,
        "hypervisor": "bms",
        "nested_virtualisation": True,
        "infiniband": True,
    },
    "SCS-2V-4_chy": {"cpu": 2, "memory_gib": 4.0, "hypervisor": "chy"},
    "SCS-2V-4_i_ib": {"cpu": 2, "memory_gib": 4.0, "cpu_vendor": "intel", "infiniband": True},
    "SCS-4V-8_gI0.95_ib": {
        "cpu": 4,
        "memory_gib": 8.0,
        "gpu": Gpu("intel", False, "0.95"),
        "gpus": 1,
        "infiniband": True,
    },
}

INVALID = {
    "SCS-2-4-10n": "begin with vCPUs",
    "SCS-2iT-4-10n": "begin with vCPUs",
    "SCS-2C-4ou-10n": "'u-10n', which is unknown or out of order",
    "SCS-2C-4-1.5n": "'.5n', which is unknown or out of order",
    "SCS-2C-4-10_hwv_xen": "'_xen', which is unknown or out of order",
    "SCS-2V-4-20S": "'S', which is unknown or out of order",
    "SCS-2V-4.25": "'4.25' as memory, must be a multiple of 0.5 above 0",
    "SCS-0V-4": "'0' as vcpus, must be above 0",
    "SCS-4V-8-0": "'0' as disk size, must be above 0",
    "SCS-4V-16_i4hhhh": "'hhhh' as cpu frequency, must be one of: h, hh, hhh",
    "SCS-": "begin with vCPUs",
    "SCS-V-4": "begin with vCPUs",
    "SCS-2V": "begin with vCPUs",
    "SCS-2v-4": "begin with vCPUs",
    "SCS-2V-0": "'0' as memory, must be a multiple of 0.5 above 0",
    "SCS-2V-4.0.0": "'.0', which is unknown or out of order",
    "SCS-2V-4-0x10": "'0' as disks, must be above 0",
    "SCS-2V-4_z7": "'7' as cpu generation, must be at most 6",
    "SCS-2V-4_a6": "'6' as cpu generation, must be at most 5",
    "SCS-2V-4_r1": "'1' as cpu generation, must be at most 0",
    "SCS-2V-4_ib_gNa": "'_gNa', which is unknown or out of order",
    "SCS-2V-4_z3_kvm": "'_kvm', which is unknown or out of order",
    "SCS-2V-4_kvm_xen": "'_xen', which is unknown or out of order",
    "SCS-2V-4_GNx": "'x' as gpu generation, must be one of: f, k,",
    "SCS-2V-4_GA5": "'5' as gpu generation, must be one of: 0.4,",
    "SCS-2V-4_GNa-0": "'0' as gpu units, must be above 0",
    "SCS-2V-4_GNa-14-0": "'0' as gpu memory, must be above 0",
    "SCS-2V-4_GNa-14hhh": "'hhh' as gpu frequency, must be one of: h, hh",
    "SCS-2V-4_GNa-14-6hhh": "'hhh' as gpu bandwidth, must be one of: h, hh",
    "SCS-2V-4\n": "unknown or out of order",
    "SCS-2V:4-20": "'_20', which is unknown or out of order",
    "SCS-２V-4": "begin with vCPUs",
}

SHORT_FORMS = {
    "SCS-04V-16": "SCS-4V-16",
    "SCS-4V-16.0": "SCS-4V-16",
    "SCS-4V-16-050": "SCS-4V-16-50",
    "SCS-4V-16-1x50": "SCS-4V-16-50",
    "SCS-2V-4-20s_z0": "SCS-2V-4-20s",
    "SCS-1V-0.5": "SCS-1V-0.5",
    "SCS-2Li-4uo-2x10n": "SCS-2Li-4uo-2x10n",
    "SCS-2C-4-": "SCS-2C-4-",
    "SCS-2C-4-n": "SCS-2C-4-n",
    "SCS-2C-4-10_kvm_hwv": "SCS-2C-4-10",
    "SCS-4C-16-2x200p_a1hh": "SCS-4C-16-2x200p_a",
    "SCS-4V-8-20_r0": "SCS-4V-8-20_r",
    "SCS-8V-64_GNl-20h-24": "SCS-8V-64_GNl-20-24",
    "SCS-16V-64-500s_gNa": "SCS-16V-64-500s_gNa",
    "SCS-16T-64-3x10s_bms_hwv_i3h_GNa-64_ib": "SCS-16T-64-3x10s_GNa-64_ib",
    "SCS-2V:4:20": "SCS-2V-4-20",
    "m1.small": "m1.small",
}

V1_NAMES = {
    "SCS-2V:4:20": "SCS-2V-4-20",
    "SCS-1V:1": "SCS-1V-1",
    "SCS-2C:4:3x10s-bms-i2-GNa:64-ib": "SCS-2C-4-3x10s_bms_i2_GNa-64_ib",
    "SCS-2V-4-20": "SCS-2V-4-20",
    "m1:small": "m1:small",
}


@pytest.mark.parametrize(("name", "fields"), DECODED.items(), ids=DECODED)
def test_parse_decodes(name: str, fields: dict[str, object]) -> None:
    """Every field of a flavor comes from the name, and the rest stays at its default."""
    assert parse(name) == replace(Flavor(name=name, cpu=0, memory_gib=0), **fields)  # type: ignore[arg-type]  # The table mixes the types of all fields.


@pytest.mark.parametrize(("name", "reason"), INVALID.items(), ids=map(repr, INVALID))
def test_parse_rejects(name: str, reason: str) -> None:
    """A name that violates the grammar is refused with what is wrong about it."""
    with pytest.raises(ValueError, match="^flavor ") as caught:
        parse(name)
    assert reason in str(caught.value)
    assert not str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["m1.small", "", "scs-2V-4", "XSCS-2V-4"])
def test_parse_leaves_opaque_names_alone(name: str) -> None:
    """A name without the prefix has no meaning to read."""
    assert parse(name) is None


@pytest.mark.parametrize(("name", "diskless"), [("SCS-1V-4", True), ("SCS-1V-4-", False)])
def test_diskless_differs_from_a_disk_of_unknown_size(name: str, diskless: bool) -> None:
    """A trailing dash means a disk, its absence none."""
    assert [flavor.diskless for flavor in offers(name)] == [diskless]


@pytest.mark.parametrize(("name", "expected"), V1_NAMES.items(), ids=V1_NAMES)
def test_normalise(name: str, expected: str) -> None:
    """Only names with the v1 separators change."""
    assert normalise(name) == expected


def test_parse_keeps_a_v1_name() -> None:
    """A v1 name is understood, while the flavor keeps the spelling of the cloud."""
    expected = Flavor("SCS-2V:4:20", cpu=2, memory_gib=4.0, disks=1, disk_gib=20)
    assert parse("SCS-2V:4:20") == expected


@pytest.mark.parametrize(("name", "expected"), SHORT_FORMS.items(), ids=SHORT_FORMS)
def test_canonical(name: str, expected: str) -> None:
    """Spellings of the same machine share one short form."""
    assert canonical(name) == expected


@pytest.mark.parametrize("flavor", offers("SCS-04V-16_kvm"))
def test_canonical_of_a_flavor(flavor: Flavor) -> None:
    """A flavor has the short form of its name, whatever an operator says about its fields."""
    assert canonical(replace(flavor, gpus=2, memory_gib=17)) == "SCS-4V-16"


def test_canonical_rejects() -> None:
    """A name without meaning has no short form."""
    with pytest.raises(ValueError, match="begin with vCPUs"):
        canonical("SCS-large")


@pytest.mark.parametrize(
    ("requested", "offered", "expected"),
    [
        pytest.param("SCS-4V-16", ["SCS-04V-16", "SCS-4V-16"], "SCS-4V-16", id="exact-name"),
        pytest.param("SCS-4V-16", ["SCS-4V-16-50", "SCS-04V-16"], "SCS-04V-16", id="same-meaning"),
        pytest.param("SCS-4V-16.0", ["SCS-4V-16_z3"], "SCS-4V-16_z3", id="brand-is-no-matter"),
        pytest.param("SCS-2V:4:20", ["SCS-2V-4-20"], "SCS-2V-4-20", id="v1-asked"),
        pytest.param("SCS-2V-4-20", ["SCS-2V:4:20"], "SCS-2V:4:20", id="v1-offered"),
        pytest.param(
            "SCS-2V:4-z3", ["SCS-2V-4", "SCS-2V-4_z3"], "SCS-2V-4_z3", id="v1-asked-exact-name"
        ),
        pytest.param(
            "SCS-4V-16", ["SCS-4V-16_z3h", "SCS-4V-16_z3", "SCS-4V-16_i3"], "SCS-4V-16_i3", id="tie"
        ),
        pytest.param("SCS-4V-8_a", ["SCS-4V-8"], None, id="other-architecture"),
        pytest.param("SCS-4V-8", ["SCS-4V-8_ib"], None, id="infiniband-counts"),
        pytest.param("SCS-4V-8", [], None, id="nothing-offered"),
        pytest.param("SCS-large", ["SCS-4V-8"], None, id="invalid-name"),
        pytest.param("m1.small", ["SCS-4V-8"], None, id="opaque-name"),
    ],
)
def test_find(requested: str, offered: list[str], expected: str | None) -> None:
    """The literal name wins, then the shortest with the same meaning, then the first by letter."""
    for order in (offered, offered[::-1]):
        found = find(requested, offers(*order))
        assert (found.name if found else None) == expected


@pytest.mark.parametrize("name", ["m1.small", "SCS-large"])
def test_find_knows_the_names_an_operator_describes(name: str) -> None:
    """A name outside the grammar is found if an operator has described it."""
    described = Flavor(name, cpu=1, memory_gib=2)
    assert find(name, [*MANDATORY, described]) == described


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        pytest.param(Wish(1, 1), "SCS-1V-2", id="1-1"),
        pytest.param(Wish(1, 1.5), "SCS-1V-2", id="1-1.5"),
        pytest.param(Wish(2, 3), "SCS-2V-4", id="2-3"),
        pytest.param(Wish(3, 8), "SCS-4V-8", id="3-8"),
        pytest.param(Wish(2, 32), "SCS-4V-32", id="2-32"),
        pytest.param(Wish(1, 6), "SCS-1V-8", id="1-6"),
        pytest.param(Wish(16, 8), "SCS-16V-32", id="16-8"),
        pytest.param(Wish(8, 64), None, id="8-64"),
        pytest.param(Wish(2, 4, 20, "ssd"), "SCS-2V-4-20s", id="2-4-20-ssd"),
        pytest.param(Wish(2, 4, 50, "ssd"), "SCS-4V-16-100s", id="2-4-50-ssd"),
        pytest.param(Wish(1, 0.5, cpu_type="L"), "SCS-1L-1", id="1-0.5-L"),
        pytest.param(Wish(2, 4, 500), "SCS-2V-4", id="volume-of-any-size"),
        pytest.param(Wish(2, 4, 20, "nvme"), None, id="no-nvme"),
        pytest.param(Wish(1, 1, cpu_type="C"), None, id="no-dedicated-core"),
        pytest.param(Wish(1, 1, architecture="arm64"), None, id="no-arm"),
        pytest.param(Wish(1, 1, gpus=1), None, id="no-gpu"),
    ],
)
def test_choose_from_the_mandatory_flavors(wish: Wish, expected: str | None) -> None:
    """On a cloud with the fifteen mandatory flavors the smallest sufficient one is taken."""
    chosen = choose(wish, MANDATORY)
    assert (chosen.name if chosen else None) == expected


GPU_NAMES = (
    "SCS-8V-64",
    "SCS-8V-64_GNa-14-6h",
    "SCS-8V-64_GNl-20h-24",
    "SCS-8V-64_GA3-304-192h",
    "SCS-4V-64_gI4",
)


@pytest.mark.parametrize(
    ("wish", "offered", "expected"),
    [
        pytest.param(Wish(4, 8), GPU_NAMES, "SCS-8V-64", id="gpu-not-asked"),
        pytest.param(Wish(4, 8, gpus=1), GPU_NAMES, "SCS-4V-64_gI4", id="gpu-of-any-kind"),
        pytest.param(
            Wish(4, 8, gpu_vendor="nvidia"), GPU_NAMES, "SCS-8V-64_GNa-14-6h", id="gpu-vendor"
        ),
        pytest.param(
            Wish(4, 8, gpus=1, gpu_vendor="nvidia", gpu_memory_gib=16),
            GPU_NAMES,
            "SCS-8V-64_GNl-20h-24",
            id="gpu-memory",
        ),
        pytest.param(
            Wish(4, 8, gpu_memory_gib=100),
            GPU_NAMES,
            "SCS-8V-64_GA3-304-192h",
            id="gpu-memory-only",
        ),
        pytest.param(Wish(4, 8, gpus=2), GPU_NAMES, None, id="too-many-gpus"),
        pytest.param(
            Wish(4, 8, gpu_vendor="intel", gpu_memory_gib=1), GPU_NAMES, None, id="memory-unknown"
        ),
        pytest.param(Wish(2, 4), ["SCS-4V-8", "SCS-2V-4_a"], "SCS-4V-8", id="arm-not-asked"),
        pytest.param(
            Wish(2, 4, architecture="arm64"),
            ["SCS-2V-4", "SCS-4V-8_a", "SCS-4V-8_r"],
            "SCS-4V-8_a",
            id="arm-asked",
        ),
        pytest.param(Wish(2, 4), ["SCS-2V-4o", "SCS-4V-8"], "SCS-4V-8", id="oversubscribed"),
        pytest.param(Wish(2, 4), ["SCS-2V-4u", "SCS-4V-8"], "SCS-4V-8", id="no-ecc"),
        pytest.param(Wish(2, 4), ["SCS-2Vi-4", "SCS-4V-8"], "SCS-4V-8", id="insecure"),
        pytest.param(Wish(2, 4), ["SCS-2C-4_bms", "SCS-4V-8"], "SCS-4V-8", id="bare-metal"),
        pytest.param(Wish(2, 4), ["SCS-2C-4_ib", "SCS-4V-8"], "SCS-4V-8", id="infiniband"),
        pytest.param(Wish(2, 4), ["SCS-2V-4_kvm"], "SCS-2V-4_kvm", id="hypervisor-is-no-matter"),
        pytest.param(Wish(2, 4), ["SCS-2L-4", "SCS-4V-8"], "SCS-4V-8", id="crowded-core"),
        pytest.param(Wish(2, 4), ["SCS-2C-4", "SCS-2T-4"], "SCS-2T-4", id="lowest-cpu-type"),
        pytest.param(
            Wish(2, 4, cpu_type="T"), ["SCS-2V-4", "SCS-2C-4"], "SCS-2C-4", id="higher-cpu-type"
        ),
        pytest.param(Wish(2, 4, 10), ["SCS-2V-4-10", "SCS-8V-64"], "SCS-8V-64", id="diskless"),
        pytest.param(
            Wish(2, 4, 20), ["SCS-2V-4-10", "SCS-2V-4-50"], "SCS-2V-4-50", id="disk-as-fallback"
        ),
        pytest.param(Wish(2, 4, 20), ["SCS-2V-4-10"], None, id="fallback-too-small"),
        pytest.param(Wish(2, 4), ["SCS-2V-4-"], "SCS-2V-4-", id="size-by-cloud"),
        pytest.param(Wish(2, 4, 1), ["SCS-2V-4-"], None, id="size-by-cloud-is-no-promise"),
        pytest.param(Wish(2, 4, 20), ["SCS-2V-4-2x10"], None, id="root-disk-is-one-disk"),
        pytest.param(
            Wish(2, 4, 10, "network"),
            ["SCS-2V-4-10", "SCS-2V-4-10n"],
            "SCS-2V-4-10n",
            id="unspecified-disk-is-below-network",
        ),
        pytest.param(
            Wish(2, 4, 10, "hdd"), ["SCS-2V-4-10n", "SCS-2V-4-50s"], "SCS-2V-4-50s", id="hdd-or-ssd"
        ),
        pytest.param(
            Wish(2, 4, 10, "nvme"), ["SCS-2V-4-10s", "SCS-4V-8-10p"], "SCS-4V-8-10p", id="nvme"
        ),
        pytest.param(Wish(2, 4, disk_type="ssd"), ["SCS-2V-4-s"], "SCS-2V-4-s", id="ssd-any-size"),
        pytest.param(Wish(2, 4, None, "ssd"), ["SCS-2V-4"], None, id="ssd-asked-diskless-offered"),
        pytest.param(
            Wish(2, 4), ["SCS-2V-4_z3", "SCS-2V-4_i3", "SCS-02V-4"], "SCS-02V-4", id="shortest-name"
        ),
        pytest.param(Wish(2, 4), ["SCS-2V-4_z3", "SCS-2V-4_i3"], "SCS-2V-4_i3", id="alphabet"),
        pytest.param(Wish(2, 4), [], None, id="nothing-offered"),
    ],
)
def test_choose(wish: Wish, offered: tuple[str, ...], expected: str | None) -> None:
    """Nothing special is chosen unasked, and nothing smaller than asked."""
    for order in (offered, offered[::-1]):
        chosen = choose(wish, offers(*order))
        assert (chosen.name if chosen else None) == expected


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        pytest.param(Wish(2, 4, gpus=1), "g.medium", id="fewest-gpus-before-fewest-cpus"),
        pytest.param(Wish(2, 4, gpus=3), "g.small", id="enough-gpus"),
        pytest.param(Wish(2, 4, gpus=1, gpu_vendor="amd"), None, id="vendor-unknown"),
        pytest.param(Wish(2, 4), "m1.small", id="gpu-not-asked"),
    ],
)
def test_choose_from_described_flavors(wish: Wish, expected: str | None) -> None:
    """What an operator says about an opaque name counts like what a name says."""
    offered = [
        Flavor("g.small", cpu=2, memory_gib=4, gpus=4),
        Flavor("g.medium", cpu=8, memory_gib=32, gpus=1),
        Flavor("m1.small", cpu=16, memory_gib=64),
    ]
    chosen = choose(wish, offered)
    assert (chosen.name if chosen else None) == expected


@pytest.mark.parametrize(
    ("wish", "count", "expected"),
    [
        pytest.param(Wish(8, 64), 3, ("SCS-8V-32", "SCS-8V-16", "SCS-4V-32"), id="memory"),
        pytest.param(Wish(32, 64), 2, ("SCS-16V-32", "SCS-8V-32"), id="cpu"),
        pytest.param(Wish(3, 6), 2, ("SCS-4V-8", "SCS-4V-16"), id="bigger-first"),
        pytest.param(Wish(1, 3, 5, "nvme"), 2, ("SCS-1V-4", "SCS-1V-2"), id="bigger-memory-first"),
        pytest.param(Wish(8, 64), 0, (), id="none"),
    ],
)
def test_nearest(wish: Wish, count: int, expected: tuple[str, ...]) -> None:
    """The closest offers are named, by vCPUs first."""
    assert nearest(wish, MANDATORY, count) == expected
    assert nearest(wish, MANDATORY[::-1], count) == expected


def test_nearest_prefers_the_wished_kind() -> None:
    """An offer for another architecture is named only after those for the wished one."""
    offered = offers("SCS-8V-64", "SCS-4V-32_a", "SCS-4V-32_a")
    wish = Wish(8, 64, architecture="arm64")
    assert nearest(wish, offered) == ("SCS-4V-32_a", "SCS-8V-64")


def spelt(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Join the spellings of all parts."""
    return st.tuples(*parts).map("".join)


def either(*words: str) -> st.SearchStrategy[str]:
    """Take one of the words."""
    return st.sampled_from(words)


VCPUS = either("1", "2", "4", "04", "8", "16")
MEMORY = either("0.5", "1", "2", "4.0", "8", "16", "31.5", "64")
DISK = either("", "-", "-n", "-10", "-1x20", "-050", "-20s", "-3x10h", "-100p", "-200n")
BRAND = either("", "_i", "_i3h", "_z0", "_z5hhh", "_a", "_a4hh", "_r", "_r0")
GPU = either("", "", "_GNa", "_gNl-20h-24", "_GA3-304-192h", "_gI0.95-8", "_GA-4hh-16hh")
NAMES = spelt(
    st.just("SCS-"),
    VCPUS,
    either("L", "V", "V", "T", "C"),
    either("", "", "i"),
    st.just("-"),
    MEMORY,
    either("", "", "u", "o", "uo"),
    DISK,
    either("", "_kvm", "_bms"),
    either("", "_hwv"),
    BRAND,
    GPU,
    either("", "_ib"),
)
PLAIN_NAMES = spelt(st.just("SCS-"), VCPUS, either("V-", "L-", "C-"), MEMORY, DISK)
OFFERS = st.lists(NAMES | PLAIN_NAMES, unique=True, max_size=20).map(lambda names: offers(*names))
WISHES = st.builds(
    Wish,
    cpu=st.integers(1, 16),
    memory_gib=st.integers(1, 128).map(lambda halves: halves / 2),
    disk_gib=st.none() | st.integers(1, 250),
    disk_type=st.none() | either("network", "hdd", "ssd", "nvme"),
    cpu_type=either("L", "V", "V", "T", "C"),
    architecture=either("amd64", "amd64", "arm64", "riscv64"),
    gpu_vendor=st.none() | st.none() | either("nvidia", "amd", "intel"),
    gpus=st.sampled_from([0, 0, 1, 2]),
    gpu_memory_gib=st.none() | st.none() | st.integers(1, 200),
)


@given(wish=WISHES, offered=OFFERS, random=st.randoms())
def test_order_of_offers_does_not_matter(wish, offered, random) -> None:  # type: ignore[no-untyped-def]  # Hypothesis gives the values.
    """Choosing, finding and naming the nearest depend on the set of offers only."""
    shuffled = list(offered)
    random.shuffle(shuffled)
    assert choose(wish, shuffled) == choose(wish, offered)
    assert nearest(wish, shuffled) == nearest(wish, offered)
    assert find("SCS-4V-16", shuffled) == find("SCS-4V-16", offered)


@given(wish=WISHES, offered=OFFERS)
def test_choice_is_never_smaller_than_the_wish(wish: Wish, offered: list[Flavor]) -> None:
    """Whatever is chosen has at least the wished vCPUs, memory, CPU type, disk and GPUs."""
    chosen = choose(wish, offered)
    if chosen is None:
        return
    assert chosen in offered
    assert chosen.cpu >= wish.cpu
    assert chosen.memory_gib >= wish.memory_gib
    assert "LVTC".index(chosen.cpu_type) >= "LVTC".index(wish.cpu_type)
    assert chosen.architecture == wish.architecture
    assert chosen.gpus >= wish.gpus
    assert chosen.diskless or (chosen.disk_gib or 0) >= (wish.disk_gib or 0)
    assert wish.disk_type is None or not chosen.diskless


@given(name=NAMES)
def test_short_form_is_stable(name: str) -> None:
    """The short form of a name parses, has the same size and is its own short form."""
    flavor = parse(name)
    assert flavor is not None
    short = parse(canonical(flavor))
    assert short is not None
    assert canonical(short) == short.name
    assert parse(canonical(short)) == short
    assert (short.cpu, short.memory_gib, short.gpu) == (
        flavor.cpu,
        flavor.memory_gib,
        flavor.gpu,
    )
    assert (short.disks, short.disk_gib, short.disk_type, short.architecture) == (
        flavor.disks,
        flavor.disk_gib,
        flavor.disk_type,
        flavor.architecture,
    )


@given(name=st.text(max_size=20).map(lambda text: f"SCS-{text}") | st.text("SC-0.24VLsx:_a"))
def test_parse_fails_with_value_error_only(name: str) -> None:
    """Any text is a flavor, opaque, or refused with a reason that names the flavor."""
    try:
        flavor = parse(name)
    except ValueError as error:
        assert str(error).startswith("flavor ")
        return
    assert (flavor is None) == (not name.startswith("SCS-"))
