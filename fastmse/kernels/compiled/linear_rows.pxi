# The linear model on row-major data: tiles of rows that fit in L1, see rows.h.

cdef enum:
    TILE_ROWS = 64            # rows of a gradient run: 16 groups of four, then added to the block's
    TILE_DOUBLES = 1024       # 8 KB, a quarter of a small L1: the next tile and thetas come in, too
    LAST_ROWS = 4             # of the array, evaluated from a copy: vectors read beyond them


cdef ptrdiff_t tile_rows(ptrdiff_t d) noexcept nogil:
    """Rows of a tile that fits in L1: a power of two in [4, 64]."""
    cdef ptrdiff_t rows = TILE_ROWS
    while rows > 4 and rows * d > TILE_DOUBLES:
        rows //= 2
    return rows


cdef inline bint is_dense(const Storage *X, ptrdiff_t d) noexcept nogil:
    """Whether rows lie side by side in ascending memory: to be read ahead, and decoded at once."""
    return X.column == X.size and X.row == d * X.size


cdef inline bint rows_in_place(const Job *job, ptrdiff_t size) noexcept nogil:
    """Whether vectors can be read from rows of elements of this size as they lie."""
    cdef const Storage *X = &job.X
    return X.column == size and X.row >= job.n_features * size


cdef void copy_tile(
    const Job *job, const double *w, ptrdiff_t first, ptrdiff_t rows, double *tile
) noexcept nogil:
    """X[first : first + rows] as float64; rows of zero weight, whatever they hold, as zeros."""
    cdef const Storage *X = &job.X
    cdef ptrdiff_t d = job.n_features, i
    if is_dense(X, d):
        X.decode(X.data + first * X.row, X.column, rows * d, tile)
    else:
        for i in range(rows):
            X.decode(X.data + (first + i) * X.row, X.column, d, tile + i * d)
    if w != NULL:
        for i in range(rows):
            if w[i] == 0.0:
                memset(tile + i * d, 0, d * sizeof(double))


cdef inline bint any_zero(const double *w, ptrdiff_t n) noexcept nogil:
    cdef ptrdiff_t i
    cdef int zeros = 0
    for i in range(n):
        zeros |= w[i] == 0.0
    return zeros


cdef struct Reach:
    ptrdiff_t lines           # to ask for with every four rows, by one theta
    ptrdiff_t lines_of_two    # with every eight columns of each touch, by two thetas
    ptrdiff_t distance        # bytes from a tile to what is asked for first
    ptrdiff_t share           # bytes that each turn asks for


cdef inline ptrdiff_t together(const Job *job) noexcept nogil:
    """Thetas that take one turn: two, but two or three on short rows gained nothing by it."""
    return 2 if job.n_thetas > 3 or job.n_features > SHORT_ROW else 1


cdef Reach reach_of(const Job *job, bint in_place, ptrdiff_t tile) noexcept nogil:
    """What memory is asked for while a tile is evaluated.

    By one theta in place the lines a little ahead, else the next tile, a share by each turn of
    two thetas, half of that in each touch of the rows.
    """
    cdef ptrdiff_t row = job.X.row, touches = 1 + job.grad
    cdef ptrdiff_t turns = (job.n_thetas + together(job) - 1) // together(job)
    cdef Reach reach
    reach.lines = reach.lines_of_two = reach.distance = reach.share = 0
    if not is_dense(&job.X, job.n_features) or (job.n_thetas == 1 and job.n_features >= LONG_ROW):
        return reach
    reach.lines = (4 * row + LINE * turns - 1) // (LINE * turns)
    reach.lines_of_two = (32 * job.X.size + LINE * turns * touches - 1) // (LINE * turns * touches)
    reach.distance = tile * row
    if in_place and job.n_thetas == 1:
        reach.distance = min(AHEAD_LINES * LINE, tile * row)
    reach.share = tile * row // turns
    return reach


cdef struct Tile:
    const char *here          # rows [start, start + n) of the block, as they lie
    ptrdiff_t start
    ptrdiff_t n
    bint in_place             # vectors may be read from there


cdef Tile next_tile(
    const Job *job, const Block *at, ptrdiff_t first, ptrdiff_t start, ptrdiff_t most, bint dense
) noexcept nogil:
    """At most so many rows; the last ones of the array, and rows of zero weight, not in place.

    At least one row lies behind a tile in place, of d > 3: so many doubles are read beyond it.
    """
    cdef Tile tile
    cdef ptrdiff_t least = tile_rows(job.n_features)
    tile.start, tile.n = start, most
    tile.here = job.X.data + (first + start) * job.X.row
    tile.in_place = dense and not (at.zeros and any_zero(at.w + start, most))
    if tile.in_place and first + start + most == job.n_rows:
        if most > LAST_ROWS:
            tile.n = (most - 1) // LAST_ROWS * LAST_ROWS
        else:
            tile.in_place = False
    if not tile.in_place:
        tile.n = min(tile.n, least)
    return tile


cdef void evaluate_tile(
    const Job *job, const Block *at, const Tile *tile, const Reach *reach,
    const double *x, ptrdiff_t pitch, double *runs,
) noexcept nogil:
    """By two thetas at a time, and by one that is left over."""
    cdef ptrdiff_t k, t, most = together(job), count
    cdef Turn turn
    cdef Ahead ahead
    ahead.far = tile.in_place and job.n_thetas == 1
    ahead.next = tile.here + reach.distance
    for k from 0 <= k < job.n_thetas by most:
        count = min(most, job.n_thetas - k)
        for t in range(count):
            turn.theta[t] = job.slopes + (k + t) * job.pitch
            turn.offset[t] = job.offsets[k + t]
            turn.at[t] = column_of(job, at, k + t, tile.start)
            turn.g[t] = runs + (k + t) * job.pitch if job.grad else NULL
        ahead.lines = reach.lines_of_two if count == 2 else reach.lines
        evaluate_rows(&turn, <int> count, x, pitch, tile.n, job.n_features, ahead)
        ahead.next += reach.share


cdef void decode_and_evaluate_tile(
    const Job *job, const Block *at, const Tile *tile, const Reach *reach,
    decoded_rows_t decoded, double *scratch, double *runs,
) noexcept nogil:
    cdef Column column = column_of(job, at, 0, tile.start)
    cdef Ahead ahead
    ahead.next, ahead.lines, ahead.far = tile.here + max(AHEAD_LINES * LINE, 4 * job.X.row), 0, True
    decoded(
        job.slopes, job.offsets[0], tile.here, job.X.row, tile.n, job.n_features, &column,
        runs if job.grad else NULL, ahead, scratch, job.pitch,
    )


cdef void rows_block(
    const Job *job, ptrdiff_t first, ptrdiff_t rows, double *node, double *scratch
) noexcept nogil:
    cdef ptrdiff_t K = job.n_thetas, d = job.n_features, start = 0, left, k
    cdef decoded_rows_t decoded = decoded_rows_of(job.X.code, job.n_features) if K == 1 else NULL
    cdef bint plain = job.X.native and job.X.row % <ptrdiff_t> sizeof(double) == 0
    cdef bint dense = (plain or decoded != NULL) and rows_in_place(job, job.X.size)
    cdef ptrdiff_t longest = TILE_ROWS if dense and K == 1 else tile_rows(d)
    cdef Reach reach = reach_of(job, dense, longest)
    cdef Block at = begin_block(job, first, rows, node, scratch)
    cdef double *runs = at.free
    cdef double *copy = runs + K * job.pitch
    cdef Tile tile
    memset(runs, 0, K * job.pitch * sizeof(double))
    while start < rows:
        left = min(TILE_ROWS - start % TILE_ROWS, rows - start)
        tile = next_tile(job, &at, first, start, min(longest, left), dense)
        if not tile.in_place:
            copy_tile(job, at.w + start if at.w != NULL else NULL, first + start, tile.n, copy)
            evaluate_tile(job, &at, &tile, &reach, copy, d, runs)
        elif plain:
            evaluate_tile(
                job, &at, &tile, &reach, <const double *> tile.here,
                job.X.row // <ptrdiff_t> sizeof(double), runs,
            )
        else:
            decode_and_evaluate_tile(job, &at, &tile, &reach, decoded, copy, runs)
        start += tile.n
        if job.grad and (start % TILE_ROWS == 0 or start == rows):
            for k in range(K):
                end_run(at.G + k * job.n_parameters, runs + k * job.pitch, d)
    end_block(job, rows, &at, node)
