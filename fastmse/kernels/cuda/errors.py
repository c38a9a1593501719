"""What the driver says, in the words of Python's exceptions, the device left usable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

OUT_OF_MEMORY = 2


@contextmanager
def explained() -> Iterator[None]:
    """Raise MemoryError where the device has no memory left, RuntimeError with the driver's word."""
    try:
        yield
    except Exception as error:
        if not type(error).__name__.startswith(("CudaAPIError", "CudaDriverError", "CUDAError")):
            raise
        if getattr(error, "code", None) == OUT_OF_MEMORY or "OUT_OF_MEMORY" in str(error):
            raise MemoryError(f"the device has no memory left for this call ({error})") from None
        raise RuntimeError(f"the CUDA driver refused this call: {error}") from error
