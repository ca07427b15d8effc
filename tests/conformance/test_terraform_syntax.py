"""Exactly the files that Terraform accepts are accepted: whole ones, and ones with a character too many, too few or astray."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.formats.terraform.bodies import index

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted({*REPOSITORY.glob("examples/**/*.tf"), *REPOSITORY.glob("fixtures/terraform/**/*.tf")})
SOURCES += sorted(REPOSITORY.parent.glob("shared/conformance/terraform/modules/**/*.tf"))
INSERTED = (b'"', b"{", b"}", b"\n", b",", b"=", b"(", b")", b"${", b"%{", b" ", b"\\", b".", b"0")

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


def refused_by_terraform(directory: Path) -> set[str]:
    command = ["terraform", "fmt", "-check", "-write=false", "-recursive", "-list=false", "-no-color", str(directory)]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return {Path(name).name for name in re.findall(r"on (\S+\.tf) line", printed)}


def altered(data: bytes, rng: random.Random) -> bytes:
    places = [match.start() for match in re.finditer(rb'[{}"\[\]()=,$\n?:]', data)]
    at = rng.choice(places)
    match rng.randrange(4):
        case 0:
            return data[:at] + data[at + 1 :]
        case 1:
            return data[:at] + data[at : at + 1] + data[at:]
        case 2:
            return data[:at] + rng.choice(INSERTED) + data[at:]
    start = data.find(b"\n", at) + 1
    return data[:start] + data[data.find(b"\n", start) + 1 :]


def test_the_same_files_are_refused(tmp_path: Path) -> None:
    rng = random.Random(4)
    texts = [path.read_bytes() for path in SOURCES]
    texts += [altered(rng.choice(texts), rng) for _ in range(400)]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.tf").write_bytes(text)
    ours = {f"{number}.tf" for number, text in enumerate(texts) if index(text).problems}
    theirs = refused_by_terraform(tmp_path)
    assert len(theirs) > 100
    assert ours == theirs
