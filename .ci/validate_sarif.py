"""Microsoft's SARIF validator with GitHub's rules, over logs of the examples and fixtures. It always exits 0: its report is read.

Three notes stay by design: SARIF2002 asks for message ids instead of texts, SARIF2006 for addresses that answer (there is no network here),
and SARIF2009 for rule ids like CS2001, where ours are the ids people write in auditor.yaml.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "@microsoft/sarif-multitool@5.7.0"
STAYING = {"SARIF2002", "SARIF2006", "SARIF2009"}
_LONGEST = 120  # seconds for one log
OUTSIDE_A_REPOSITORY = {"SARIF2003"}  # says that there is no version control; true of a tree without an origin


def main() -> int:
    """0 if every log is clean, 1 if the validator found something, 2 if it could not be had."""
    if shutil.which("npm") is None:
        sys.stderr.write("npm is not installed: the validator cannot be had\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        tool = install(Path(folder))
        failures = [line for source in sources() for line in validate(tool, source, Path(folder))]
    sys.stdout.write(("\n".join(failures) if failures else f"the SARIF validator found nothing in {len(sources())} logs") + "\n")
    return 1 if failures else 0


def sources() -> list[Path]:
    """The trees to make logs of: every example, the fixtures of each dialect, and those of each ruleset."""
    parents = ("examples", "fixtures", "fixtures/matrix")
    found = [path for parent in parents for path in sorted((ROOT / parent).glob("*")) if path.is_dir() and path.name != "matrix"]
    return found or [ROOT]


def install(folder: Path) -> Path:
    """The validator's own binary: the wrapper around it splits its arguments at semicolons."""
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    binary = folder / "node_modules" / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"
    binary.chmod(0o755)
    return binary


def validate(tool: Path, source: Path, folder: Path) -> list[str]:
    """What the validator says about the log of `source`, without the notes that stay."""
    log, report = folder / "out.sarif", folder / "report.sarif"
    auditor = [
        sys.executable,
        "-m",
        "auditor",
        "check",
        str(source),
        "-q",
        "--fail-on",
        "never",
        "--show-passed",
        "-f",
        "sarif",
        "-o",
        str(log),
    ]
    subprocess.run(auditor, check=True, cwd=ROOT, timeout=_LONGEST)
    arguments = [
        "validate",
        str(log),
        "--rule-kind",
        "Sarif;Ghas",
        "--level",
        "Error;Warning;Note",
        "-o",
        str(report),
        "--log",
        "ForceOverwrite",
    ]
    environment = os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    ran = subprocess.run([tool, *arguments], stdout=subprocess.PIPE, text=True, env=environment)
    if not report.is_file():
        return [f"{source.name}: the validator wrote no report: {ran.stdout.strip()[-300:]}"]
    results = json.loads(report.read_text(encoding="utf-8-sig"))["runs"][0]["results"]
    allowed = STAYING | (set() if "versionControlProvenance" in log.read_text() else OUTSIDE_A_REPOSITORY)
    report.unlink()
    said = [line for line in ran.stdout.splitlines() if any(f" {result['ruleId']}: " in line for result in results)]
    return [f"{source.name}: {line}" for line in said if not any(f" {rule}: " in line for rule in allowed)] or [
        f"{source.name}: {result['ruleId']}: {result['message']}" for result in results if result["ruleId"] not in allowed
    ]


if __name__ == "__main__":
    raise SystemExit(main())
