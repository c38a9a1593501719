# The roofs: what the memory and the arithmetic allow, whatever the kernel.

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


cdef extern from *:
    """
    /* Two chains start a cycle and a product with its sum takes six to eight: twelve keep every
     * unit of two multipliers and two adders busy, in 16 registers. */
    enum { CHAINS = 12, CHAIN_FLOPS = 2 * CHAINS * WIDTH };

    static double multiply_and_add(ptrdiff_t steps) {
        vec x[CHAINS];
        double first[WIDTH];
        memset(x, 0, sizeof x);
        for (int k = 0; k < CHAINS; k++) x[k] += k + 2;  /* gcc merges equal chains, folds 1 */
        while (steps-- > 0)
            for (int k = 0; k < CHAINS; k++) x[k] = x[k] * 0.75 + 0.25;
        for (int k = 1; k < CHAINS; k++) x[0] += x[k];
        memcpy(first, x, sizeof first);
        return first[0];
    }
    """
    const int CHAIN_FLOPS
    double multiply_and_add(ptrdiff_t steps) noexcept nogil


def compute_roof(double flops, int n_threads):
    """Do so many float64 flops, without FMA half products and half sums; returns one's result.

    Nothing is read: in registers, by the widest vectors of this build.
    """
    cdef ptrdiff_t steps = <ptrdiff_t> (flops / CHAIN_FLOPS / n_threads) + 1
    cdef double total = 0.0
    cdef int t
    with nogil:
        for t in prange(n_threads, num_threads=n_threads, schedule="static"):
            total += multiply_and_add(steps)
    return total
