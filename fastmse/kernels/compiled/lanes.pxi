# The sums inside a block: see lanes.h, rows.h and columns.h.

cdef extern from "lanes.h" nogil:
    const int RUN, LINE
    ctypedef struct pair:
        double high, low
    double run_sum(const double *a, ptrdiff_t n) noexcept
    void add_losses(
        pair *sum, const double *f, const double *y, const double *w, double scale, double *out,
        bint stream, ptrdiff_t n
    ) noexcept
    bint can_stream(const double *out) noexcept
    void end_stream() noexcept
    void add_run(pair *sum, double run) noexcept
    void store_pair(pair sum, double *node, ptrdiff_t k) noexcept
    pair block_dot2(const double *a, const double *b, ptrdiff_t n) noexcept
    double block_sum(const double *a, ptrdiff_t n) noexcept

cdef extern from "rows.h" nogil:
    const int AHEAD_LINES, SHORT_ROW, LONG_ROW
    ctypedef struct Column:
        const double *y
        const double *w
        double *r
        double *c
    ctypedef struct Ahead:
        const char *next
        ptrdiff_t lines
        bint far
    void residuals(const double *f, const Column *at, ptrdiff_t n) noexcept
    ctypedef struct Turn:
        const double *theta[2]
        double offset[2]
        Column at[2]
        double *g[2]
    void evaluate_rows(
        const Turn *turn, int thetas, const double *x, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t d,
        Ahead ahead
    ) noexcept
    void end_run(double *G, double *run, ptrdiff_t d) noexcept

cdef extern from "decoded_rows.h" nogil:
    ctypedef void (*decoded_rows_t)(
        const double *theta, double offset, const char *x, ptrdiff_t row, ptrdiff_t n, ptrdiff_t d,
        const Column *at, double *g, Ahead ahead, double *tile, ptrdiff_t pitch
    ) noexcept
    decoded_rows_t decoded_rows_of(int code, ptrdiff_t d) noexcept

cdef extern from "columns.h" nogil:
    const int TOGETHER, PAIR, STEP_BELOW
    ptrdiff_t second_cache() noexcept
    ctypedef struct Following:
        const char *next[8]
        ptrdiff_t step
        bint below
    void add_columns(
        const double *theta, const double *const *x, ptrdiff_t count, ptrdiff_t n, double *f,
        const Following *after
    ) noexcept
    void residuals_of_columns(
        const double *theta, double offset, const double *const *x, ptrdiff_t count, ptrdiff_t n,
        const Column *at
    ) noexcept
    ctypedef struct Sums:
        pair sse
        double *g
    void sum_columns(
        const double *theta, double offset, const double *const *x, ptrdiff_t count,
        const Column *at, ptrdiff_t n, Sums *sums, bint intercept, bint graded
    ) noexcept
    void dot_columns(
        const double *c, const double *const *x, ptrdiff_t count, ptrdiff_t n, double *g,
        const Following *after
    ) noexcept
    void to_columns(
        const double *rows, ptrdiff_t row_pitch, ptrdiff_t n, ptrdiff_t d, double *columns,
        ptrdiff_t pitch
    ) noexcept
