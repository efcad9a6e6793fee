"""Figures of a result file. Each module has one function that yields `Figure`s from a Dataset."""
from .. import backend  # noqa: F401, first: it imports matplotlib
from .figure import Figure
from .changes import changes
from .costs import costs
from .curves import curves
from .decomposition import decomposition
from .degrees import degrees
from .edges import edges
from .errors import errors
from .heads import heads
from .lengths import lengths
from .phase import phase
from .prediction import prediction
from .roofline import roofline
from .scaling import strong, weak
from .separation import separation
from .timeline import timeline
from .why import why

__all__ = ["Figure", "changes", "costs", "curves", "decomposition", "degrees", "edges", "errors", "heads", "lengths", "phase", "prediction",
           "roofline", "separation", "strong", "timeline", "weak", "why"]
