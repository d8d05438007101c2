"""What a compiled kernel is written with: loops, addresses, and vectors of 16 float32 or 32 bfloat16 values.

Source: LLVM Language Reference Manual, https://llvm.org/docs/LangRef.html.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import binding, ir

LANES, VECTOR_BYTES = 16, 64
#: Of bfloat16, in a vector.
VALUES = 2 * LANES

#: What LLVM has to see in the processor: it ends the whole process where it cannot translate an instruction.
_FEATURES = ("avx512f", "avx512bw", "avx512bf16")


class _BFloat(ir.Type):  # type: ignore[misc]
    """The type of 16 bits that llvmlite has no name for."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


LONG, INT, SHORT, BYTE = (ir.IntType(n_bits) for n_bits in (64, 32, 16, 8))
FLOAT, ADDRESS = ir.FloatType(), ir.PointerType()
FLOATS, INTS = ir.VectorType(FLOAT, LANES), ir.VectorType(INT, LANES)
SHORTS, BFLOATS = ir.VectorType(SHORT, 2 * LANES), ir.VectorType(_BFloat(), 2 * LANES)
_HALF_BFLOATS = ir.VectorType(_BFloat(), LANES)


def long(value: int) -> Any:
    """A constant of 64 bits."""
    return ir.Constant(LONG, value)


def floats(value: float) -> Any:
    """A vector with this constant in every lane."""
    return ir.Constant(FLOATS, [value] * LANES)


def ints(values: Sequence[int]) -> Any:
    """A vector of these constants."""
    return ir.Constant(ir.VectorType(INT, len(values)), list(values))


@dataclass(frozen=True)
class Compiled:
    """A function for this processor; it takes addresses as integers, and other threads run while it does."""

    _call: Callable[..., None]
    _engine: Any
    """Owns the code."""

    def __call__(self, *arguments: int) -> None:
        """Run it."""
        self._call(*arguments)


class VectorCode(ir.IRBuilder):  # type: ignore[misc]
    """The instructions of one function without a result; the plain ones are methods of llvmlite's builder."""

    def __init__(self, name: str, kinds: Sequence[Any]) -> None:
        function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), kinds), name)
        super().__init__(function.append_basic_block())

    def compiled(self) -> Compiled:
        """The function, which ends here.

        Raises: RuntimeError where LLVM cannot compile it for this processor.
        """
        self.ret_void()
        machine = _machine()
        engine = binding.create_mcjit_compiler(binding.parse_assembly(str(self.module)), machine)
        engine.finalize_object()
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(self.function.args))
        return Compiled(kind(engine.get_function_address(self.function.name)), engine)

    def repeat(self, n: Any, turn: Callable[..., Sequence[Any] | None], carried: Sequence[Any] = ()) -> list[Any]:
        """What becomes of the carried values by turn(index, *carried), for each index below n."""
        before, head, inside, after = self.block, *(self.append_basic_block() for _ in range(3))
        starts = (long(0), *carried)
        self.branch(head)
        self.position_at_end(head)
        values = [self.phi(start.type) for start in starts]
        self.cbranch(self.icmp_signed("<", values[0], n), inside, after)
        self.position_at_end(inside)
        turned = turn(*values) or ()
        for value, start, new in zip(values, starts, (self.add(values[0], long(1)), *turned), strict=True):
            value.add_incoming(start, before)
            value.add_incoming(new, self.block)
        self.branch(head)
        self.position_at_end(after)
        return values[1:]

    def at(self, address: Any, n_bytes: Any) -> Any:
        """The address so many bytes further."""
        return self.gep(address, [_as_long(n_bytes)], source_etype=BYTE)

    def nth(self, start: Any, number: Any, n_bytes: Any) -> Any:
        """The address of the element with this number, of elements of so many bytes."""
        return self.at(start, self.mul(number, _as_long(n_bytes)))

    def vector(self, kind: Any, address: Any) -> Any:
        """The vector at an address, which need not be a multiple of its size."""
        return self.load(address, align=2, typ=kind)

    def keep(self, vector: Any, address: Any) -> None:
        """Write a vector to such an address."""
        self.store(vector, address, align=2)

    def everywhere(self, value: Any) -> Any:
        """A vector with this value in every lane."""
        first = self.insert_element(ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined), value, INT(0))
        return self.chosen(first, first, [0] * LANES)

    def chosen(self, one: Any, other: Any, lanes: Sequence[int]) -> Any:
        """The lanes with these numbers, which count on from one vector to the other."""
        return self.shuffle_vector(one, other, ints(lanes))

    def larger(self, one: Any, other: Any) -> Any:
        """The larger of two numbers, lane by lane."""
        return self.select(self.fcmp_ordered(">", one, other), one, other)

    def smaller(self, one: Any, other: Any) -> Any:
        """The smaller of two numbers, lane by lane."""
        return self.select(self.fcmp_ordered("<", one, other), one, other)

    def over_lanes(self, both: Callable[[Any, Any], Any], vector: Any) -> Any:
        """What becomes of all lanes by both(one, other), in every lane."""
        for width in (8, 4, 2, 1):
            vector = both(vector, self.chosen(vector, vector, [lane ^ width for lane in range(LANES)]))
        return vector

    def transposed(self, rows: Sequence[Any]) -> list[Any]:
        """The columns of 16 vectors: squares of the matrix change places, ever smaller ones."""
        rows = list(rows)
        for width in (8, 4, 2, 1):
            low = [lane + LANES - width if lane & width else lane for lane in range(LANES)]
            high = [lane + LANES if lane & width else lane + width for lane in range(LANES)]
            for i in (i for i in range(LANES) if not i & width):
                one, other = rows[i], rows[i + width]
                rows[i], rows[i + width] = self.chosen(one, other, low), self.chosen(one, other, high)
        return rows

    def fused(self, one: Any, other: Any, added: Any) -> Any:
        """one * other + added, rounded once."""
        return self._instruction("llvm.fma.v16f32", FLOATS, one, other, added)

    def polynomial(self, terms: Sequence[Any], vector: Any) -> Any:
        """terms[0] + terms[1] * vector + terms[2] * vector^2 and so on."""
        total = terms[-1]
        for term in terms[-2::-1]:
            total = self.fused(total, vector, term)
        return total

    def root(self, vector: Any) -> Any:
        """The square root of every lane."""
        return self._instruction("llvm.sqrt.v16f32", FLOATS, vector)

    def dot(self, sums: Any, one: Any, other: Any) -> Any:
        """sums[i] + one[2i] * other[2i] + one[2i + 1] * other[2i + 1]: float32 from bfloat16."""
        pairs = (self.bitcast(vector, BFLOATS) for vector in (one, other))
        return self._instruction("llvm.x86.avx512bf16.dpbf16ps.512", FLOATS, sums, *pairs)

    def rounded(self, low: Any, high: Any) -> Any:
        """Two vectors of float32 as one of bfloat16."""
        return self._instruction("llvm.x86.avx512bf16.cvtne2ps2bf16.512", BFLOATS, high, low)

    def widened(self, address: Any) -> tuple[Any, Any]:
        """The 32 bfloat16 at an address as two vectors of float32."""
        low, high = (self.vector(_HALF_BFLOATS, self.at(address, n)) for n in (0, VECTOR_BYTES // 2))
        return self.fpext(low, FLOATS), self.fpext(high, FLOATS)

    def _instruction(self, name: str, result: Any, *operands: Any) -> Any:
        kind = ir.FunctionType(result, [operand.type for operand in operands])
        return self.call(self.module.globals.get(name) or ir.Function(self.module, kind, name), operands)


def compile_trial() -> None:
    """Compile a function of the instructions that only newer processors have, which no caller needs.

    Raises: RuntimeError where LLVM cannot compile it for this processor.
    """
    code = VectorCode("trial", [ADDRESS])
    (address,) = code.function.args
    values, sums = code.vector(BFLOATS, address), code.widened(address)
    code.keep(code.rounded(*(code.dot(total, values, values) for total in sums)), address)
    code.compiled()


def _as_long(value: Any) -> Any:
    return long(value) if isinstance(value, int) else value


def _machine() -> Any:
    """This processor, as what LLVM compiles for."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    name, features = binding.get_host_cpu_name(), binding.get_host_cpu_features()
    missing = [feature for feature in _FEATURES if not features.get(feature)]
    if missing:
        raise RuntimeError(f"LLVM takes the processor for {name!r}, without {', '.join(missing)}")
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu=name, features=features.flatten(), opt=3)
