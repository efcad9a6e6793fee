"""Figures of a result file. Each module has one function that yields `Figure`s from a Dataset."""
from .figure import Figure
from .costs import costs
from .curves import curves
from .degrees import degrees
from .errors import errors
from .heads import heads
from .phase import phase
from .separation import separation
from .timeline import timeline

__all__ = ["Figure", "costs", "curves", "degrees", "errors", "heads", "phase", "separation", "timeline"]
