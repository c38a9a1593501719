# One source for every instruction set: each x86_64_*.pyx includes this file and
# differs only in the flags it is compiled with.
import numpy as np

cimport numpy as cnp
from cython.parallel cimport parallel, prange, threadid
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free, labs, malloc
from libc.string cimport memcpy, memmove, memset

cnp.import_array()

include "storage.pxi"
include "lanes.pxi"
include "grid.pxi"
include "weights.pxi"
include "predictions.pxi"
include "linear.pxi"
include "models.pxi"
include "small.pxi"
include "double_double.pxi"
include "gram.pxi"
include "residual_sums.pxi"
include "many.pxi"
include "roof.pxi"
