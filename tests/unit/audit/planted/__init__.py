"""Planted faults of the audit: for each rule what breaks an installed server or its inventory, and what follows."""

from __future__ import annotations

from . import health, look, plans, product
from .fault import Planted

FAULTS: tuple[Planted, ...] = (*plans.FAULTS, *product.FAULTS, *health.FAULTS, *look.FAULTS)
"""All of them, by subject."""
