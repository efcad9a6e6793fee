"""Figures of a result file. Each module has one function that yields `Figure`s from a Dataset."""
from .figure import Figure
from .curves import curves
from .degrees import degrees
from .phase import phase

__all__ = ["Figure", "curves", "degrees", "phase"]
