"""Names of types that many functions take."""
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Key: TypeAlias = tuple[Any, ...]  #: values of coordinates that tell a group of points from others
Place: TypeAlias = Callable[[Array], Array]  #: where on an axis values are drawn

if TYPE_CHECKING:
    from matplotlib.typing import ColorType, LineStyleType, MarkerType

    Colour: TypeAlias = ColorType
    Marker: TypeAlias = MarkerType
    Dashes: TypeAlias = LineStyleType
else:
    Colour = Marker = Dashes = Any  # matplotlib names these types from 3.8 on, and is not imported for a name
