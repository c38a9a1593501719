/* The threads of one block at a time, each a context of its own on the host: they run in turn, from
   one barrier or shuffle to the next, first to last and then last to first, so that one that reads
   what another has yet to write finds it missing. A thread that has ended is waited for no more, as
   on devices since compute capability 7.0. What a shuffle takes from it is a NaN. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "threads.h"

enum { MOST = 1024, WARP = 32, STACK = 1 << 20 };

enum state { READY, AT_BARRIER, AT_SHUFFLE, ENDED };

static struct thread {
    ucontext_t context;
    enum state state;
    uint32_t given, taken;
    int distance;
} threads[MOST];

static ucontext_t scheduler;
static char *stacks;
static struct thread *self;
static int n_threads, block_x, block_y, backwards;
static void (*entry)(void **);
static void **entry_arguments;

int emulated_thread(void) { return (int)(self - threads); }
int emulated_block_x(void) { return block_x; }
int emulated_block_y(void) { return block_y; }
int emulated_threads(void) { return n_threads; }

/* Not contracted with a sum that comes after, nor before. */
double emulated_product(double a, double b) { return a * b; }

static void wait_at(enum state state)
{
    self->state = state;
    swapcontext(&self->context, &scheduler);
}

void emulated_barrier(int number) { wait_at(AT_BARRIER); }

uint32_t emulated_exchange(uint32_t value, int distance)
{
    self->given = value;
    self->distance = distance;
    wait_at(AT_SHUFFLE);
    return self->taken;
}

static void run_thread(void)
{
    entry(entry_arguments);
    wait_at(ENDED);
}

static int count(struct thread *first, int n, enum state state)
{
    int found = 0;
    for (int k = 0; k < n; k++)
        found += first[k].state == state;
    return found;
}

static void release(struct thread *first, int n, enum state state)
{
    for (int k = 0; k < n; k++)
        if (first[k].state == state)
            first[k].state = READY;
}

/* Whether any thread may go on. */
static int exchange_or_release(void)
{
    int any = 0;
    for (int w = 0; w < n_threads; w += WARP) {
        struct thread *warp = threads + w;
        int n = n_threads - w < WARP ? n_threads - w : WARP;
        int here = count(warp, n, AT_SHUFFLE);
        if (here == 0 || here + count(warp, n, ENDED) < n)
            continue;
        for (int k = 0; k < n; k++) {
            int other = k ^ warp[k].distance;
            int there = other < n && warp[other].state == AT_SHUFFLE;
            warp[k].taken = there ? warp[other].given : 0x7ff80000;
        }
        release(warp, n, AT_SHUFFLE);
        any = 1;
    }
    int here = count(threads, n_threads, AT_BARRIER);
    if (!any && here && here + count(threads, n_threads, ENDED) == n_threads) {
        release(threads, n_threads, AT_BARRIER);
        any = 1;
    }
    return any;
}

static void run_block(void)
{
    for (int k = 0; k < n_threads; k++) {
        struct thread *t = threads + k;
        t->state = READY;
        getcontext(&t->context);
        t->context.uc_stack.ss_sp = stacks + (size_t)k * STACK;
        t->context.uc_stack.ss_size = STACK;
        t->context.uc_link = NULL;
        makecontext(&t->context, run_thread, 0);
    }
    do {
        for (int k = 0; k < n_threads; k++) {
            self = threads + (backwards ? n_threads - 1 - k : k);
            if (self->state == READY)
                swapcontext(&scheduler, &self->context);
        }
        backwards = !backwards;
    } while (exchange_or_release());
    if (count(threads, n_threads, ENDED) < n_threads) {
        fprintf(stderr, "block (%d, %d): threads wait for each other for ever\n", block_x, block_y);
        abort();
    }
}

void run_grid(void (*function)(void **), int blocks_x, int blocks_y, int threads_, void **arguments)
{
    if (!stacks)
        stacks = mmap(NULL, (size_t)MOST * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    entry = function, entry_arguments = arguments, n_threads = threads_;
    for (block_y = 0; block_y < blocks_y; block_y++)
        for (block_x = 0; block_x < blocks_x; block_x++)
            run_block();
}
