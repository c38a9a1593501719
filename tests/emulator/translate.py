"""A kernel's LLVM module for NVIDIA's GPUs as a function of the host, whose threads take turns."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
from typing import Any

import llvmlite.binding as llvm
from numba.cuda import compiler

NAMES = {
    "llvm.nvvm.read.ptx.sreg.tid.x": "emulated_thread",
    "llvm.nvvm.read.ptx.sreg.ctaid.x": "emulated_block_x",
    "llvm.nvvm.read.ptx.sreg.ctaid.y": "emulated_block_y",
    "llvm.nvvm.read.ptx.sreg.ntid.x": "emulated_threads",
    "llvm.nvvm.barrier.cta.sync.aligned.all": "emulated_barrier",
    "llvm.nvvm.mul.rn.d": "emulated_product",
    "llvm.nvvm.shfl.sync.i32": "emulated_shuffle",
}
"""What a device does by itself, and who does it here."""

OTHER_AXES = r"@llvm\.nvvm\.read\.ptx\.sreg\.(\w+)\.([yz])\b"
"""Along axes of one thread or block: its number is 0, and how many there are 1."""

CONVERSIONS = {
    'asm  "cvt.f32.f16 $0, $1;", "=f,h"': "@emulated_from_half",
    'asm  "cvt.rn.f16.f64 $0, $1;", "=h,d"': "@emulated_to_half",
}
"""In NVIDIA's assembler."""

GIVEN = """
define internal float @emulated_from_half(i16 %bits) {
  %half = bitcast i16 %bits to half
  %value = fpext half %half to float
  ret float %value
}
define internal i16 @emulated_to_half(double %value) {
  %half = fptrunc double %value to half
  %bits = bitcast half %half to i16
  ret i16 %bits
}
declare i32 @emulated_exchange(i32, i32)
define internal { i32, i1 } @emulated_shuffle(i32 %mask, i32 %mode, i32 %value, i32 %b, i32 %c) {
  %taken = call i32 @emulated_exchange(i32 %value, i32 %b)
  %pair = insertvalue { i32, i1 } { i32 0, i1 true }, i32 %taken, 0
  ret { i32, i1 } %pair
}
"""

PRIVATE = "_compile_pyfunc_with_fixup"
"""Of `numba.cuda.compiler`: the way to a kernel's module that asks no library of NVIDIA's."""

_kept: list[Any] = []
"""Machine code lives as long as its engine."""


def function_of(kernel: Any, capability: tuple[int, int]) -> int:
    """The address of void (*)(void **arguments)."""
    compile_kernel = getattr(compiler, PRIVATE)
    library, _ = compile_kernel(
        kernel.py_func, kernel.signature, device=False, abi="numba", cc=capability
    )
    entry = library._entry_name
    text = _with_entry(_for_host(_linked(library.llvm_strs)), entry)
    module = llvm.parse_assembly(text)
    module.verify()
    return _compiled(module)


def _linked(modules: list[str]) -> str:
    first, *others = map(llvm.parse_assembly, modules)
    for other in others:
        first.link_in(other)
    return str(first)


def _for_host(text: str) -> str:
    text = re.sub(r"^target .*\n", "", text, flags=re.M)
    text = re.sub(r"^declare .*@llvm\.nvvm\.shfl.*\n", "", text, flags=re.M)
    text = re.sub(r"^@llvm\.used = .*\n", "", text, flags=re.M)
    text = text.replace("ptx_kernel ", "")
    for assembler, function in CONVERSIONS.items():
        text = text.replace(assembler, function).replace(assembler.replace("  ", " "), function)
    for name, ours in NAMES.items():
        text = re.sub(rf"@{re.escape(name)}\b", f"@{ours}", text)
    text = re.sub(rf"^declare .*{OTHER_AXES}.*\n", _constant, text, flags=re.M)
    return re.sub(OTHER_AXES, r"@emulated_\1_\2", text) + GIVEN


def _constant(number: re.Match[str]) -> str:
    what, axis = number.groups()
    return f"define internal i32 @emulated_{what}_{axis}() {{ ret i32 {int(what[0] == 'n')} }}\n"


def _with_entry(text: str, entry: str) -> str:
    """And a function that finds the arguments where the driver was told that they are."""
    (kinds,) = re.findall(rf'^define .*@"?{re.escape(entry)}"?\((.*?)\)', text, flags=re.M)
    lines, given = [], []
    for k, argument in enumerate(kinds.split(", ")):
        kind = argument.split()[0]
        lines += [
            f"  %at{k} = getelementptr ptr, ptr %arguments, i64 {k}",
            f"  %place{k} = load ptr, ptr %at{k}",
            f"  %value{k} = load {kind}, ptr %place{k}",
        ]
        given.append(f"{kind} %value{k}")
    call = f'  call void @"{entry}"({", ".join(given)})'
    body = "\n".join([*lines, call, "  ret void"])
    return f"{text}\ndefine void @emulated_entry(ptr %arguments) {{\n{body}\n}}\n"


def _compiled(module: Any) -> int:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=1
    )
    for function in module.functions:
        if function.is_declaration and not function.name.startswith("llvm."):
            llvm.add_symbol(function.name, _address(function.name))
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _kept.append(engine)
    return int(engine.get_function_address("emulated_entry"))


def _address(name: str) -> int:
    """Of the driver's functions, and of C's for those of NVIDIA's library."""
    where = "libcuda.so.1" if name.startswith("emulated_") else ctypes.util.find_library("m")
    function = getattr(ctypes.CDLL(where), name.removeprefix("__nv_"))
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address
