"""Checks: pure functions, recording in, findings out. One module per topic, registered by decorator."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every module of the package, so that its checks are registered."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
