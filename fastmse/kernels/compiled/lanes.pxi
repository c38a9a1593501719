# The sums inside a block: see lanes.h.

cdef extern from "lanes.h" nogil:
    const int RUN, DOT_LANES
    double run_sum(const double *a, ptrdiff_t n) noexcept
    double run_dot(const double *a, const double *b, ptrdiff_t n) noexcept
    double run_loss(
        const double *f, const double *y, const double *w, double scale, double *out, ptrdiff_t n
    ) noexcept
    ctypedef struct pair:
        double high, low
    void add_run(pair *sum, double run) noexcept
    void store_pair(pair sum, double *node, ptrdiff_t k) noexcept
    pair block_dot2(const double *a, const double *b, ptrdiff_t n) noexcept
    double block_dot(const double *c, const double *x, ptrdiff_t n, bint ahead) noexcept
    double block_sum(const double *a, ptrdiff_t n) noexcept
    double row_dot(const double *theta, const double *x, ptrdiff_t d, bint readable) noexcept
    void transpose(
        const double *rows, ptrdiff_t row_pitch, ptrdiff_t n, ptrdiff_t d,
        double *columns, ptrdiff_t pitch
    ) noexcept
    void residuals(
        const double *f, const double *y, const double *w, double *r, double *c, ptrdiff_t n
    ) noexcept
    void add_rows(
        const double *c, const double *x, ptrdiff_t pitch, ptrdiff_t rows, ptrdiff_t d, double *g
    ) noexcept
    void add_columns(
        const double *theta, const double *x, ptrdiff_t pitch, ptrdiff_t rows, ptrdiff_t d,
        double *f
    ) noexcept
