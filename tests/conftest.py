"""How the tests run: no test fails for being slow on a busy machine, and none leaves the interpreter changed for the next."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.register_profile("steady", deadline=None, derandomize=True)  # the same examples each time: a gate that does not waver
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))


@pytest.fixture(autouse=True)
def same_stack() -> Iterator[None]:
    """The recursion limit as it was: reading Terraform raises it."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)
