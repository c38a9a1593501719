"""What the driver says, in the words of Python's exceptions, the device left usable."""

from __future__ import annotations

OUT_OF_MEMORY = 2


def is_of_numba(error: BaseException) -> bool:
    """Whether the compiler refuses a function; numba-cuda has errors of its own, of one name."""
    return any(kind.__name__ == "NumbaError" for kind in type(error).__mro__)


def explain(error: BaseException) -> None:
    """Raise MemoryError where the device has no memory left, else RuntimeError with its word.

    Returns where the driver has no part in the error.
    """
    if not type(error).__name__.startswith(("CudaAPIError", "CudaDriverError", "CUDAError")):
        return
    told = refused(str(error), getattr(error, "code", None))
    raise told from (None if isinstance(told, MemoryError) else error)


def refused(word: str, code: int | None = None) -> MemoryError | RuntimeError:
    if code == OUT_OF_MEMORY or "OUT_OF_MEMORY" in word:
        return MemoryError(f"the device has no memory left for this call ({word})")
    return RuntimeError(f"the CUDA driver refused this call: {word}")
