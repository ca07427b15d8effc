"""Who may import whom, read from the syntax trees: the layers stay layers, and each third-party package has one home."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "auditor"
SHARED_FORMATS = (
    "auditor.formats.base",
    "auditor.formats.near",
    "auditor.formats.xmlspan",
    "auditor.formats.pf",
    "auditor.formats.proxmox.record",  # Terraform writes the hypervisor's files
    "auditor.formats.proxmox.machines",
)
READING = ("auditor.files", "auditor.yamlspan", "auditor.yamlscalars")

# The longest prefix that fits a module says what it may import of ours, itself and `model` always among it.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "auditor.model": (),
    "auditor.analysis": (),
    "auditor.report": (),
    "auditor.formats": (*READING, *SHARED_FORMATS, "auditor.redact"),
    "auditor.policy": (*READING, "auditor.analysis", "auditor.formats.base", "auditor.redact"),
    "auditor.policy.describe": (*READING, "auditor.policy", "auditor.formats"),  # the lints' descriptions are part of what is explained
    "auditor.files": (),
    "auditor.yamlspan": ("auditor.files", "auditor.yamlscalars"),
    "auditor.yamlscalars": (),
    "auditor.redact": (),
    "auditor.lazyre": (),
    "auditor.excerpts": ("auditor.files", "auditor.redact"),
    "auditor.origin": (),
}
HOMES: dict[str, tuple[str, ...]] = {
    "tree_sitter": ("auditor.formats.terraform.parse", "auditor.formats.nixos"),
    "tree_sitter_hcl": ("auditor.formats.terraform.parse",),
    "tree_sitter_nix": ("auditor.formats.nixos",),
    "lark": ("auditor.formats.nftables",),
    "yaml": ("auditor.yamlspan",),
    "jsonschema": ("auditor.policy.schema",),
    "sarif_om": ("auditor.report.sarif",),
    "attr": ("auditor.report.sarif",),
    "jinja2": ("auditor.report.html",),
    "markupsafe": ("auditor.report.html",),  # jinja2's own
    "hcl2": ("auditor.fixing.hcl",),
    "click": ("auditor.cli",),
}


def module_of(file: Path) -> str:
    return ".".join(("auditor", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {module_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in sorted(ROOT.rglob("*.py"))}


def imports(module: str) -> Iterator[str]:
    """Every module that `module` names in an import, wherever it stands; relative imports are not used."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            name = node.module or ""
            for alias in node.names:
                yield f"{name}.{alias.name}" if f"{name}.{alias.name}" in MODULES else name


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_the_layers_below(module: str) -> None:
    layer = max((prefix for prefix in MAY_IMPORT if within(module, (prefix,))), key=len, default=None)
    if layer is None:
        return  # audit, and what the command line is made of, may use everything
    allowed = (layer, "auditor.model", "auditor.lazyre", *MAY_IMPORT[layer])
    strangers = {name for name in imports(module) if within(name, ("auditor",)) and name != "auditor" and not within(name, allowed)}
    assert not strangers


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("auditor.formats.")])
def test_a_dialect_knows_no_other_dialect(module: str) -> None:
    own = ".".join(module.split(".")[:3])
    siblings = {name for name in imports(module) if name.startswith("auditor.formats.") and not within(name, (own, *SHARED_FORMATS))}
    assert not siblings


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_the_command_line(module: str) -> None:
    own = module == "auditor.__main__" or within(module, ("auditor.cli",))
    assert own or not any(within(name, ("auditor.cli",)) for name in imports(module))


@pytest.mark.parametrize("module", MODULES)
def test_a_third_party_package_has_one_home(module: str) -> None:
    foreign = {name.partition(".")[0] for name in imports(module)} - set(sys.stdlib_module_names) - {"auditor"}
    for package in foreign:
        assert package in HOMES, f"{module} imports {package}, which has no home"
        assert within(module, HOMES[package]), f"{module} imports {package}, whose home is {HOMES[package]}"


@pytest.mark.parametrize("module", [module for module in MODULES if within(module, ("auditor.model",))])
def test_the_model_needs_the_standard_library_alone(module: str) -> None:
    assert {name.partition(".")[0] for name in imports(module)} <= {*sys.stdlib_module_names, "auditor"}


@pytest.mark.parametrize("module", [module for module in MODULES if module != "auditor.model.record"])
def test_records_are_of_one_kind(module: str) -> None:
    """`replace` and `fields` of the one know nothing of the other."""
    assert "dataclasses" not in set(imports(module))


def test_a_small_run_loads_no_library_it_does_not_need() -> None:
    """What is imported at the top of the modules that every run loads, tried in a fresh interpreter."""
    import subprocess

    code = "import sys, auditor.cli, auditor.audit; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT.parent).stdout.split())
    assert not loaded & {"jinja2", "rich", "sarif_om", "attr", "jsonschema", "hcl2", "tree_sitter", "lark", "json5", "referencing"}
