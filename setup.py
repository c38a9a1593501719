"""Build the extensions: the gate once, the kernels once per instruction set.

Everything else about the package stands in pyproject.toml.
"""

import os
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

GCC_FLAGS = [
    "-O3",
    # An implicit fused multiply-add rounds once where x86-64-v2 rounds twice: other bits.
    "-ffp-contract=off",
    # errno and traps keep gcc from vectorising sqrt and selects; neither changes a value.
    "-fno-math-errno",
    "-fno-trapping-math",
    # Vectors are passed between inlined functions alone.
    "-Wno-psabi",
]
MSVC_FLAGS = ["/O2", "/fp:precise"]

# One build of the same source for each; the import chooses, FASTMSE_ISA forces.
X86_64_FLAGS = {
    "x86_64_v2": ["-march=x86-64-v2"],
    "x86_64_v3": ["-march=x86-64-v3"],
    "x86_64_v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
KERNELS = "fastmse.kernels.compiled."


def kernel_builds() -> dict[str, list[str]]:
    """The instruction sets to build for on this machine, with their compiler flags."""
    is_x86_64 = platform.machine().lower() in {"x86_64", "amd64"}
    return X86_64_FLAGS if is_x86_64 and sys.platform != "win32" else {"generic": []}


def extension(name: str, flags: list[str]) -> Extension:
    here = name.replace(".", "/")
    folder = Path(here).parent
    return Extension(
        name,
        [f"{here}.pyx"],
        include_dirs=[np.get_include(), "fastmse/kernels/compiled", "fastmse/statistics"],
        depends=["fastmse/statistics/merge.h"]
        + [str(path) for pattern in ("*.pxi", "*.h") for path in folder.glob(pattern)],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=flags,
    )


class BuildExt(build_ext):
    """Adds the compiler's own spelling of the flags, and OpenMP where it has it."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self) -> None:
        msvc = self.compiler.compiler_type == "msvc"
        openmp = self.openmp_flags()
        if not openmp:
            print("fastmse: this compiler has no OpenMP; the Cython kernels will run on one thread")
        for ext in self.extensions:
            ext.extra_compile_args = [*(MSVC_FLAGS if msvc else GCC_FLAGS), *ext.extra_compile_args]
            if ext.name == "fastmse.machine" or ext.name.startswith(KERNELS):
                ext.extra_compile_args += openmp
                ext.extra_link_args += [] if msvc else openmp
        super().build_extensions()

    def openmp_flags(self) -> list[str]:
        """Flags that turn OpenMP on, found by compiling and linking a program; [] without."""
        flags = ["/openmp"] if self.compiler.compiler_type == "msvc" else ["-fopenmp"]
        program = "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "openmp.c")
            source.write_text(program)
            try:
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_postargs=flags
                )
                self.compiler.link_executable(
                    objects, str(Path(folder, "openmp")), extra_postargs=flags
                )
            except Exception:  # setuptools raises a class of its own for each compiler
                return []
        return flags


if __name__ == "__main__":
    extensions = [
        extension(f"fastmse.{name}", []) for name in ("inputs", "machine", "statistics.nodes")
    ]
    extensions += [extension(KERNELS + name, flags) for name, flags in kernel_builds().items()]
    setup(
        ext_modules=cythonize(extensions, nthreads=0, compiler_directives={"language_level": 3}),
        cmdclass={"build_ext": BuildExt},
    )
