import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

def merge(into: Array, other: Array, n_double: int) -> None: ...
def fold(nodes: Array, blocks: int, n_double: int) -> Array: ...
