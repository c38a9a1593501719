# cython: language_level=3, freethreading_compatible=True
"""What this machine has: instruction sets and OpenMP."""

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #else
    static int omp_get_max_threads(void) { return 1; }
    static int omp_get_num_procs(void) { return 1; }
    #define _OPENMP 0
    #endif

    /* The level of the x86-64 psABI, by the features that compilers can query. */
    static int x86_64_level(void) {
    #if (defined(__x86_64__) || defined(_M_X64)) && defined(__GNUC__)
        __builtin_cpu_init();
        if (!(__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))) return 1;
        if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
              && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))) return 2;
        if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
              && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
              && __builtin_cpu_supports("avx512vl"))) return 3;
        return 4;
    #else
        return 0;
    #endif
    }
    """
    int omp_get_max_threads() nogil
    int omp_get_num_procs() nogil
    const int _OPENMP
    int x86_64_level() nogil


def openmp_version() -> int:
    """The date of the OpenMP standard the kernels are built with, as yyyymm; 0 without OpenMP."""
    return _OPENMP


def openmp_threads() -> tuple[int, int]:
    """(threads OpenMP would use now, processors it sees)."""
    return omp_get_max_threads(), omp_get_num_procs()


def instruction_level() -> int:
    """n of the highest x86-64-vn this CPU runs; 0 on other architectures."""
    return x86_64_level()
