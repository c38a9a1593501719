/* A CUDA driver of one device that is none: its memory is the host's, and no array lies more than 15
   bytes before a page that nobody may touch. As libcuda.so.1 it lets all that the host does around a
   kernel run without a GPU. Kernels are counted; those that were translated are run, on the host.
   Functions that are not written here return success. */

#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "threads.h"

typedef void *handle;

enum { OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201 };
enum { MAJOR = 75, MINOR = 76 }; /* of a compute capability */
enum { DEPTH = 64 };

static __thread handle contexts[DEPTH];
static __thread int current; /* 0: none */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static char device;
static size_t streams = 256, events;
static long launched, first_launch, synchronized;

static long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* What host_path.py asks: kernels launched since, and when, in ns. */
void emulated_reset(void) { launched = first_launch = synchronized = 0; }
long emulated_launched(void) { return launched; }
long emulated_first_launch(void) { return first_launch; }
long emulated_synchronized(void) { return synchronized; }

typedef void kernel(void **arguments);

static kernel *next;
static kernel *kernels[4096];
static size_t n_kernels;

/* The next kernel that is loaded is this function. */
void emulated_load_next(kernel *function) { next = function; }

static size_t most_memory = (size_t)1 << 37, memory_in_use;
static int launch_error;

/* For tests of what is told: no more memory than this, and an error of every launch, or 0. */
void emulated_memory(size_t most) { most_memory = most; }
void emulated_launch_error(int error) { launch_error = error; }

static int succeed(void) { return 0; }

static int version(int *out) { *out = 13000; return 0; }
static int error_name(int error, const char **out) { *out = "EMULATED_ERROR"; return 0; }
static int count(int *out) { *out = 1; return 0; }
static int get_device(int *out, int number) { *out = number; return 0; }
static int name(char *out, int n, int number) { snprintf(out, n, "no device"); return 0; }
static int uuid(void *out, int number) { memset(out, 1, 16); return 0; }

static int attribute(int *out, int which, int number)
{
    *out = which == MAJOR ? 9 : which == MINOR ? 0 : 1024;
    return 0;
}

static int retain(handle *out, int number) { *out = &device; return 0; }
static int get_current(handle *out) { *out = contexts[current]; return 0; }

static int push_current(handle context)
{
    if (current + 1 == DEPTH)
        return INVALID_CONTEXT;
    contexts[++current] = context;
    return 0;
}

static int set_current(handle context)
{
    if (current)
        current--;
    return context ? push_current(context) : 0;
}

static int pop_current(handle *out)
{
    if (!current)
        return INVALID_CONTEXT;
    if (out)
        *out = contexts[current];
    current--;
    return 0;
}

static int current_device(int *out)
{
    *out = 0;
    return current ? 0 : INVALID_CONTEXT;
}

static int memory_info(size_t *left, size_t *all)
{
    *left = memory_in_use < most_memory ? most_memory - memory_in_use : 0;
    *all = most_memory;
    return 0;
}

enum { PAGE = 4096, ALIGNMENT = 16 };

static struct memory {
    char *pages, *start;
    size_t size;
} memories[1 << 16];

static struct memory *memory_at(void *start)
{
    struct memory *m = memories;
    while (m->start != start)
        if (++m == memories + sizeof memories / sizeof *memories)
            return NULL;
    return m;
}

static int place(void **out, size_t n)
{
    size_t size = (n / PAGE + 2) * PAGE, room = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct memory *m = memory_at(NULL);
    if (!m || memory_in_use + size > most_memory)
        return OUT_OF_MEMORY;
    char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return OUT_OF_MEMORY;
    mprotect(pages + size - PAGE, PAGE, PROT_NONE);
    *m = (struct memory){pages, pages + size - PAGE - room, size};
    *out = m->start;
    memory_in_use += size;
    return 0;
}

static int allocate(void **out, size_t n)
{
    pthread_mutex_lock(&one_at_a_time);
    int error = place(out, n);
    pthread_mutex_unlock(&one_at_a_time);
    return error;
}

static int allocate_host(void **out, size_t n, unsigned flags) { return allocate(out, n); }

static int release(void *memory)
{
    pthread_mutex_lock(&one_at_a_time);
    struct memory *m = memory_at(memory);
    munmap(m->pages, m->size);
    memory_in_use -= m->size;
    *m = (struct memory){0};
    pthread_mutex_unlock(&one_at_a_time);
    return 0;
}

static int device_pointer(void **out, void *memory, unsigned flags) { *out = memory; return 0; }
static int copy(void *to, const void *from, size_t n) { memmove(to, from, n); return 0; }

static int new_stream(handle *out, unsigned flags) { *out = (handle)(streams += 16); return 0; }
static int new_event(handle *out, unsigned flags) { *out = (handle)(events += 16); return 0; }
static int synchronize(handle stream) { synchronized = now(); return 0; }

static int load(handle *out, const void *code) { *out = &device; return 0; }

static int get_kernel(handle *out, handle library, const char *entry)
{
    if (n_kernels == sizeof kernels / sizeof *kernels)
        return OUT_OF_MEMORY;
    kernels[n_kernels] = next;
    next = NULL;
    *out = kernels + n_kernels++;
    return 0;
}

struct config {
    unsigned grid[3], block[3];
};

static int launch(const struct config *config, kernel **loaded, void **arguments, void **more)
{
    if (launch_error)
        return launch_error;
    pthread_mutex_lock(&one_at_a_time);
    if (!launched++)
        first_launch = now();
    if (*loaded)
        run_grid(*loaded, config->grid[0], config->grid[1], config->block[0], arguments);
    pthread_mutex_unlock(&one_at_a_time);
    return 0;
}

int cuGetProcAddress_v2(const char *symbol, void **out, int wanted, unsigned long flags, int *found);

static const struct {
    const char *name;
    void *function;
} FUNCTIONS[] = {
    {"cuGetProcAddress", cuGetProcAddress_v2},
    {"cuGetProcAddress_v2", cuGetProcAddress_v2},
    {"cuDriverGetVersion", version},
    {"cuGetErrorName", error_name},
    {"cuGetErrorString", error_name},
    {"cuDeviceGetCount", count},
    {"cuDeviceGet", get_device},
    {"cuDeviceGetName", name},
    {"cuDeviceGetUuid", uuid},
    {"cuDeviceGetAttribute", attribute},
    {"cuDevicePrimaryCtxRetain", retain},
    {"cuCtxGetCurrent", get_current},
    {"cuCtxSetCurrent", set_current},
    {"cuCtxPushCurrent", push_current},
    {"cuCtxPopCurrent", pop_current},
    {"cuCtxGetDevice", current_device},
    {"cuMemGetInfo", memory_info},
    {"cuMemAlloc", allocate},
    {"cuMemHostAlloc", allocate_host},
    {"cuMemFree", release},
    {"cuMemFreeHost", release},
    {"cuMemHostGetDevicePointer", device_pointer},
    {"cuMemcpyHtoD", copy},
    {"cuMemcpyDtoH", copy},
    {"cuMemcpyHtoDAsync", copy},
    {"cuMemcpyDtoHAsync", copy},
    {"cuStreamCreate", new_stream},
    {"cuEventCreate", new_event},
    {"cuStreamSynchronize", synchronize},
    {"cuLibraryLoadData", load},
    {"cuLibraryGetKernel", get_kernel},
    {"cuLaunchKernelEx", launch},
};

int cuGetProcAddress_v2(const char *symbol, void **out, int wanted, unsigned long flags, int *found)
{
    *out = succeed;
    for (size_t k = 0; k < sizeof FUNCTIONS / sizeof *FUNCTIONS; k++)
        if (!strcmp(symbol, FUNCTIONS[k].name))
            *out = FUNCTIONS[k].function;
    if (found)
        *found = 0;
    return 0;
}
