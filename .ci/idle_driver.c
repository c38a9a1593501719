/* A CUDA driver of one device that does nothing: memory is the host's, copies are made, kernels are
   counted and never run. As libcuda.so.1 it lets all that the host does before and after a kernel
   run without a GPU: host_path.py. Functions that are not written here return success. */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void *handle;

static __thread handle current;
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
void idle_reset(void) { launched = first_launch = synchronized = 0; }
long idle_launched(void) { return launched; }
long idle_first_launch(void) { return first_launch; }
long idle_synchronized(void) { return synchronized; }

static int succeed(void) { return 0; }

static int version(int *out) { *out = 13000; return 0; }
static int count(int *out) { *out = 1; return 0; }
static int get_device(int *out, int number) { *out = number; return 0; }
static int name(char *out, int n, int number) { snprintf(out, n, "no device"); return 0; }
static int uuid(void *out, int number) { memset(out, 1, 16); return 0; }

enum { MAJOR = 75, MINOR = 76 };

static int attribute(int *out, int which, int number)
{
    *out = which == MAJOR ? 9 : which == MINOR ? 0 : 1024;
    return 0;
}

static int retain(handle *out, int number) { *out = &device; return 0; }
static int get_current(handle *out) { *out = current; return 0; }
static int set_current(handle context) { current = context; return 0; }

static int pop_current(handle *out)
{
    if (out)
        *out = current;
    current = NULL;
    return 0;
}

static int current_device(int *out)
{
    *out = 0;
    return current ? 0 : 201; /* CUDA_ERROR_INVALID_CONTEXT */
}

static int memory_info(size_t *left, size_t *all) { *left = *all = (size_t)1 << 37; return 0; }

static int allocate(void **out, size_t n)
{
    int failed = posix_memalign(out, 4096, n ? n : 1);
    if (!failed)
        memset(*out, 0, n);
    return failed ? 2 : 0; /* CUDA_ERROR_OUT_OF_MEMORY */
}

static int allocate_host(void **out, size_t n, unsigned flags) { return allocate(out, n); }
static int release(void *memory) { free(memory); return 0; }
static int device_pointer(void **out, void *memory, unsigned flags) { *out = memory; return 0; }
static int copy(void *to, const void *from, size_t n) { memmove(to, from, n); return 0; }

static int new_stream(handle *out, unsigned flags) { *out = (handle)(streams += 16); return 0; }
static int new_event(handle *out, unsigned flags) { *out = (handle)(events += 16); return 0; }
static int synchronize(handle stream) { synchronized = now(); return 0; }

static int load(handle *out, const void *code) { *out = &device; return 0; }
static int get_kernel(handle *out, handle library, const char *entry) { *out = &device; return 0; }

static int launch(const void *config, handle kernel, void **arguments, void **extra)
{
    if (!launched++)
        first_launch = now();
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
    {"cuDeviceGetCount", count},
    {"cuDeviceGet", get_device},
    {"cuDeviceGetName", name},
    {"cuDeviceGetUuid", uuid},
    {"cuDeviceGetAttribute", attribute},
    {"cuDevicePrimaryCtxRetain", retain},
    {"cuCtxGetCurrent", get_current},
    {"cuCtxSetCurrent", set_current},
    {"cuCtxPushCurrent", set_current},
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
