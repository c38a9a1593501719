# The roof: a sequential read of the same bytes by the same number of threads.

cdef enum:
    PROBE = 65536             # doubles a step: 512 KB, streamed


cdef double probe(const double *a, ptrdiff_t n, int n_threads) noexcept nogil:
    cdef ptrdiff_t steps = (n + PROBE - 1) // PROBE, s
    cdef double total = 0.0
    for s in prange(steps, num_threads=n_threads, schedule="static"):
        total += block_sum(a + s * PROBE, min(PROBE, n - s * PROBE))
    return total


def read_roof(const double[::1] array, int n_threads):
    """Read a float64 array once, from its first byte to its last; returns the sum.

    The sum of a `prange` reduction: its last bits change with the threads. It is
    there so that no compiler drops the read.
    """
    cdef double total = 0.0
    if array.shape[0] > 0:
        with nogil:
            total = probe(&array[0], array.shape[0], n_threads)
    return total
