/* The loops of the kernels on random numbers: prints a digest of every bit they write.
 * Compiled with and without vectors by test_scalar_build.py. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "columns.h"

enum { MOST_ROWS = 400, MOST_FEATURES = 520, ROOM = MOST_ROWS * MOST_FEATURES };

static double X[ROOM + 16], y[MOST_ROWS], w[MOST_ROWS], f[MOST_ROWS], r[MOST_ROWS], c[MOST_ROWS];
static double c2[MOST_ROWS], G2[MOST_FEATURES + 16], G[MOST_FEATURES + 16];
static double drawn[MOST_FEATURES], theta[MOST_FEATURES + 16];
static uint64_t digest = 14695981039346656037u, state = 1;

static void see(const double *a, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, a + i, sizeof bits);
        digest = (digest ^ bits) * 1099511628211u;
    }
}

static double number(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)state * 0x1p-62;
}

static void fill(double *a, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) a[i] = number();
}

static void see_rows(ptrdiff_t n, ptrdiff_t d, const Column *at, int far) {
    const Ahead ahead = {(const char *)X, 0, far};
    const Turn turn = {{theta}, {0.5}, {*at}, {G}};
    memset(G, 0, sizeof G);
    evaluate_rows(&turn, 1, X, d, n, d, ahead);
    see(at->r, n);
    see(at->c, n);
    see(G, d);
}

/* Two thetas, theta and the first row, in one turn */
static void see_two(ptrdiff_t n, ptrdiff_t d, const Column *at) {
    const Ahead ahead = {(const char *)X, 1, 0};
    const Column second = {at->y, at->w, f, at->w ? c2 : f};
    const Turn turn = {{theta, X}, {0.5, 0.25}, {*at, second}, {G, G2}};
    memset(G, 0, sizeof G);
    memset(G2, 0, sizeof G2);
    evaluate_rows(&turn, 2, X, d, n, d, ahead);
    see(at->c, n);
    see(second.c, n);
    see(G, d);
    see(G2, d);
}

static void see_columns(ptrdiff_t n, ptrdiff_t d, const Column *at) {
    const double *x[TOGETHER];
    Following nothing = {{NULL}, 0};
    memset(G, 0, sizeof G);
    memset(f, 0, sizeof f);
    for (ptrdiff_t j = 0; j < d; j += TOGETHER) {
        const ptrdiff_t count = d - j < TOGETHER ? d - j : TOGETHER;
        for (ptrdiff_t q = 0; q < count; q++) x[q] = X + (j + q) * n;
        add_columns(theta + j, x, count, n, f, &nothing);
        dot_columns(at->y, x, count, n, G + j, &nothing);
        residuals_of_columns(theta + j, 0.5, x, count, n, at);
        see(at->r, n);
    }
    see(f, n);
    see(G, d);
    if (d > 3) return;
    Sums sums = {{0.0, 0.0}, G + 1};
    for (ptrdiff_t q = 0; q < d; q++) x[q] = X + q * n;
    sum_columns(theta, 0.5, x, d, at, n, &sums, 1, 1);
    see(G, d + 1);
    see(&sums.sse.high, 2);
}

static void see_predictions(ptrdiff_t n, const double *weights) {
    pair sse = {0.0, 0.0};
    add_losses(&sse, X, y, weights, 0.0, NULL, 0, n);
    see(&sse.high, 2);
    add_losses(&sse, X, y, weights, 0.25, c, 0, n);
    see(&sse.high, 2);
    see(c, n);
    const pair sum = block_dot2(X, y, n);
    const double plain = block_sum(X, n);
    see(&sum.high, 2);
    see(&plain, 1);
}

int main(void) {
    const ptrdiff_t lengths[] = {1, 3, 4, 5, 15, 16, 17, 127, 128, 129, 255, 257, MOST_ROWS};
    const ptrdiff_t features[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 17, 56, 57, 60, 511, 513};
    fill(X, ROOM);
    fill(y, MOST_ROWS);
    fill(drawn, MOST_FEATURES);
    for (int i = 0; i < MOST_ROWS; i++) w[i] = i % 5 ? number() * number() : 0.0;
    for (size_t a = 0; a < sizeof lengths / sizeof *lengths; a++)
        for (int weighted = 0; weighted < 2; weighted++) {
            const Column at = {y, weighted ? w : NULL, r, weighted ? c : r};
            see_predictions(lengths[a], at.w);
            for (size_t b = 0; b < sizeof features / sizeof *features; b++) {
                memset(theta, 0, sizeof theta);
                memcpy(theta, drawn, features[b] * sizeof *theta);
                see_columns(lengths[a], features[b], &at);
                see_two(lengths[a], features[b], &at);
                for (int far = 0; far < 2 && features[b] > 3; far++)
                    see_rows(lengths[a], features[b], &at, far);
            }
        }
    printf("%d %016" PRIx64 "\n", WIDTH, digest);
    return 0;
}
