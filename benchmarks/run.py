"""How long whole runs take: the median of repeated processes, as ratios to a bare `python -c pass`, and their peak memory.

    python benchmarks/run.py [--repeat 7] [--only WORD] [TREE…]

Each TREE is a directory to check besides the inputs that are made here. Where checkov is on PATH (or CHECKOV names it), it runs on the same
Terraform inputs. CPU seconds are those of the process and its children; a machine's load touches them less than the clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.inputs import long_nft, shorter_nft, small_tf, talos_patches
from benchmarks.nftables import mixed_nft, page_nft, set_nft
from benchmarks.pfsense import large_pfsense, small_pfsense
from benchmarks.proxmox import long_guest
from benchmarks.switch import long_switch
from benchmarks.trees import many_clusters, talos_machines

AUDITOR = (str(Path(sys.executable).parent / "auditor"),)


@dataclass(frozen=True, slots=True)
class Case:
    """One command to measure. `limit` are the times of bare Python and the MiB it should stay below, None where nothing is promised."""

    name: str
    command: tuple[str, ...]
    limit: tuple[float | None, float | None] = (None, None)
    repeat: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost: seconds by the clock, seconds of CPU, peak MiB."""

    clock: float
    cpu: float
    memory: float


LAUNCHER = """
import os, sys, time
out = os.open(os.devnull, os.O_WRONLY)
began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def cost_of(command: Sequence[str]) -> Cost:
    """One run, its output thrown away. Exit code 1 (findings) is a success; 2 and above end the benchmark.

    It is started by an interpreter with nothing in it, since a process inherits the peak memory of the one that starts it.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, capture_output=True, text=True, env=environment, check=False)
    code, clock, cpu, memory = (float(word) for word in done.stdout.split())
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {code:.0f}: {done.stderr}")
    return Cost(clock, cpu, memory)


def median_cost(command: Sequence[str], repeat: int) -> Cost:
    """The medians of `repeat` runs after one that warms the caches."""
    cost_of(command)
    costs = [cost_of(command) for _ in range(repeat)]
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("clock", "cpu", "memory")))


def cases(folder: Path, trees: Sequence[str]) -> Iterator[Case]:
    small, long = small_tf(folder), long_nft(folder)
    out = str(folder / "out")
    yield Case("python -c pass", (sys.executable, "-c", "pass"))
    yield Case("auditor --version", (*AUDITOR, "--version"), (6, None))
    yield Case("one small .tf to SARIF", (*AUDITOR, "check", str(small), "-f", "sarif", "-o", out), (15, 40))
    yield Case("one small .tf to text", (*AUDITOR, "check", str(small)))
    yield Case("the Talos example to text", (*AUDITOR, "check", "examples/talos-aws"))
    yield Case("the Talos example to HTML", (*AUDITOR, "check", "examples/talos-aws", "-f", "html", "-o", out))
    yield Case("Talos, 60 patches, to text", (*AUDITOR, "check", str(talos_patches(folder))), (25, None))
    yield Case("pfSense, ten rules, to text", (*AUDITOR, "check", str(small_pfsense(folder))), (15, None))
    yield Case("pfSense, 5 MB, 5,000 rules, to text", (*AUDITOR, "check", str(large_pfsense(folder))), (None, 300), repeat=3)
    yield Case("nftables, 10,000 rules, to text", (*AUDITOR, "check", str(long)), repeat=3)
    flow = ("--from", "internet", "--to", "10.0.0.5", "--service", "tcp/22")
    yield Case("nftables, 10,000 rules, a trace", (*AUDITOR, "trace", str(long), *flow), repeat=3)
    yield Case("nftables, 10,000 rules, diff by one", (*AUDITOR, "diff", str(long), str(shorter_nft(folder))), repeat=3)
    yield Case("nftables, 10,000 rules, diff of the same", (*AUDITOR, "diff", str(long), str(long)), repeat=3)
    yield from _nftables(folder)
    yield Case("Proxmox, 10,000 rules of a guest, to text", (*AUDITOR, "check", str(long_guest(folder))), repeat=3)
    yield Case("switch, a list of 10,000 lines, to text", (*AUDITOR, "check", str(long_switch(folder))), (None, 200), repeat=3)
    yield Case("Talos, 600 machines, to text", (*AUDITOR, "check", str(talos_machines(folder))), (None, 200), repeat=3)
    yield Case("Terraform, 50 clusters, to text", (*AUDITOR, "check", str(many_clusters(folder))), (None, 150), repeat=3)
    for tree in trees:
        yield Case(f"{tree} to SARIF", (*AUDITOR, "check", tree, "-f", "sarif", "-o", out), repeat=3)
    checkov = os.environ.get("CHECKOV") or shutil.which("checkov")
    for tree in (str(small), *trees) if checkov else ():
        name = "one small .tf" if tree == str(small) else tree
        yield Case(f"checkov: {name}", (checkov or "", "-d", tree, "--quiet", "--compact", "--skip-download"), repeat=1)


def _nftables(folder: Path) -> Iterator[Case]:
    """A page, 10,000 rules, beside nft's own check of them where it can be made, and what a set of 100,000 addresses adds."""
    mixed = mixed_nft(folder)
    yield Case("nftables, a page, to text", (*AUDITOR, "check", str(page_nft(folder))), (20, None))
    yield Case("nftables, 10,000 mixed rules, to text", (*AUDITOR, "check", str(mixed)), (None, 150), repeat=3)
    host = ("-r", "firewall-hygiene", "-r", "thymis-device", "--role", "device=nftables")
    yield Case("nftables, the same, of a Thymis device", (*AUDITOR, "check", str(mixed), *host), (None, 150), repeat=3)
    nft = shutil.which("nft")
    if nft is not None and os.geteuid() == 0:
        yield Case("nft -c -f, the same rules", (nft, "-c", "-f", str(mixed / "nftables.conf")), repeat=3)
    yield Case("nftables, a page with a set of 1", (*AUDITOR, "check", str(set_nft(folder, 1))))
    yield Case("nftables, a page with a set of 100,000", (*AUDITOR, "check", str(set_nft(folder, 100_000))), repeat=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--only", default="")
    parser.add_argument("trees", nargs="*", metavar="TREE")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        found = list(cases(Path(folder), options.trees))
        bare = median_cost(found[0].command, options.repeat)
        print(f"{'':44} {'clock s':>8} {'CPU s':>8} {'× bare':>8} {'MiB':>7}")
        for case in found:
            if options.only and options.only not in case.name:
                continue
            cost = bare if case is found[0] else median_cost(case.command, case.repeat or options.repeat)
            figures = f"{cost.clock:8.3f} {cost.cpu:8.3f} {cost.cpu / bare.cpu:8.1f} {cost.memory:7.1f}"
            print(f"{case.name[-44:]:44} {figures}{verdict(case, cost, bare)}")


def verdict(case: Case, cost: Cost, bare: Cost) -> str:
    """Whether the case keeps what is promised for it."""
    times, memory = case.limit
    said = []
    if times is not None:
        said.append(f"{'within' if cost.cpu / bare.cpu <= times else 'OVER'} {times:g} × bare")
    if memory is not None:
        said.append(f"{'within' if cost.memory <= memory else 'OVER'} {memory:g} MiB")
    return f"  {', '.join(said)}" if said else ""


if __name__ == "__main__":
    main()
