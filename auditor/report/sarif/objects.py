"""The classes of sarif_om, each from its own file when it is first used.

The package imports all sixty of them at once, which takes longer than a small run; a log needs a third. `objects.Region` is
`sarif_om.Region` but for that.
"""

from __future__ import annotations

import re
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def __getattr__(name: str) -> Any:
    """The class of that name, loaded once."""
    if name.startswith("_"):
        raise AttributeError(name)
    package = find_spec("sarif_om")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("sarif_om is not installed", name="sarif_om")
    module = "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    spec = spec_from_file_location(f"sarif_om.{module}", Path(next(iter(package.submodule_search_locations))) / f"{module}.py")
    if spec is None or spec.loader is None:
        raise AttributeError(name)
    loaded = module_from_spec(spec)
    try:
        spec.loader.exec_module(loaded)
    except FileNotFoundError:
        raise AttributeError(f"sarif_om has no {name}") from None
    found = globals()[name] = getattr(loaded, name)
    return found
