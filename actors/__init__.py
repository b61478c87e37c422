"""The simulated IHE actors: one module or package for each, and `messages`, `objects`, `reporting` that several share.

An actor knows its own state and the contract in `harness.actor`; it never judges and never sees a socket. Adding an
actor means adding a module here: `load` finds it.
"""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every module of this package, so that each actor registers itself; harmless when repeated."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
