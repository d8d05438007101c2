"""The innermost loop of the int8 products: 6 rows against 64 centroids, kept whole in the registers of AVX-512 VNNI.

One instruction multiplies 64 pairs of bytes and adds them up, four times the work of a float32 instruction. No
compiler finds this loop by itself, so it is written here in LLVM's language; `int8_nearest.py` calls it.

Gain: the products take .26 of the time of a float32 product (docs/decisions/014).
Reference: `data_engine_tests/kernels/test_int8_dot.py` multiplies the same bytes in int64.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: Rows and centroids of one block; their 24 vectors of sums fit the 32 registers.
BLOCK_ROWS = 6
BLOCK_COLUMNS = 64

_LANES = 16
_VECTORS = BLOCK_COLUMNS // _LANES
_INT, _LONG, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_INTS, _FLOATS = ir.VectorType(_INT, _LANES), ir.VectorType(_FLOAT, _LANES)
_INSTRUCTION = "llvm.x86.avx512.vpdpbusd.512"


@intrinsic
def score_block(
    _: Any, codes: Any, starts: Any, inverse_steps: Any, packed: Any, weights: Any, biases: Any, scores: Any, lows: Any
) -> Any:
    """scores[r, j] = (starts[r] + codes[r] . packed[:, j]) * weights[j] + biases[j] * inverse_steps[r], and row minima.

    All arrays are C-contiguous in their last axis. Rows of `scores` and `lows` may be parts of longer rows.

    Args:
        _: typing context of numba.
        codes: (6, q) int32, each four signed bytes.
        starts: (6,) int32.
        inverse_steps: (6,) float32.
        packed: (q, 64) int32, each four unsigned bytes.
        weights: (64,) float32.
        biases: (64,) float32.
        scores: (6, 64) float32, written.
        lows: (6, 1) float32, written: the lowest score of each row.
    """
    signature = types.void(codes, starts, inverse_steps, packed, weights, biases, scores, lows)
    return signature, _generate


def _generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    arrays = [context.make_array(kind)(context, builder, arg) for kind, arg in zip(signature.args, args, strict=True)]
    codes, starts, inverse_steps, packed, weights, biases, scores, lows = arrays
    sums = _products(builder, codes, starts, packed)
    weight, bias = (_vectors(builder, array.data, _FLOATS) for array in (weights, biases))
    for row in range(BLOCK_ROWS):
        inverse_step = _broadcast(builder, builder.load(_at(builder, inverse_steps.data, _constant(row))))
        scaled_biases = [builder.fmul(vector, inverse_step) for vector in bias]
        row_scores = [
            builder.fadd(builder.fmul(builder.sitofp(total, _FLOATS), factor), offset, flags=("contract",))
            for total, factor, offset in zip(sums[row], weight, scaled_biases, strict=True)
        ]
        target = _row(builder, scores, row)
        for number, vector in enumerate(row_scores):
            address = _at(builder, target, _constant(number * _LANES))
            builder.store(vector, builder.bitcast(address, _FLOATS.as_pointer()), align=4)
        builder.store(_lowest(builder, row_scores), _row(builder, lows, row))
    return context.get_dummy_value()


def _products(builder: Any, codes: Any, starts: Any, packed: Any) -> list[list[Any]]:
    """The loop over groups of four values; returns the vectors of sums, by row."""
    instruction = builder.module.globals.get(_INSTRUCTION) or ir.Function(
        builder.module, ir.FunctionType(_INTS, [_INTS, _INTS, _INTS]), _INSTRUCTION
    )
    n_groups = builder.extract_value(codes.shape, 1)
    first = [_broadcast(builder, builder.load(_at(builder, starts.data, _constant(r)))) for r in range(BLOCK_ROWS)]
    rows = [_row(builder, codes, row) for row in range(BLOCK_ROWS)]
    before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    group = builder.phi(_LONG)
    group.add_incoming(_constant(0), before)
    sums = [[builder.phi(_INTS) for _ in range(_VECTORS)] for _ in range(BLOCK_ROWS)]
    column_address = _at(builder, packed.data, builder.mul(group, _constant(BLOCK_COLUMNS)))
    columns = _vectors(builder, column_address, _INTS)
    new = []
    for row in range(BLOCK_ROWS):
        values = _broadcast(builder, builder.load(_at(builder, rows[row], group)))
        new.append([builder.call(instruction, [sums[row][v], columns[v], values]) for v in range(_VECTORS)])
        for total, added in zip(sums[row], new[row], strict=True):
            total.add_incoming(first[row], before)
            total.add_incoming(added, loop)
    following = builder.add(group, _constant(1))
    group.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_groups), loop, after)
    builder.position_at_end(after)
    return new


def _lowest(builder: Any, vectors: list[Any]) -> Any:
    """The smallest of all lanes, by halving."""
    vectors = list(vectors)
    while len(vectors) > 1:
        vectors.append(_smaller(builder, vectors.pop(0), vectors.pop(0)))
    low = vectors[0]
    width = _LANES // 2
    while width:
        mask = ir.Constant(ir.VectorType(_INT, _LANES), [(lane + width) % _LANES for lane in range(_LANES)])
        low = _smaller(builder, low, builder.shuffle_vector(low, low, mask))
        width //= 2
    return builder.extract_element(low, ir.Constant(_INT, 0))


def _smaller(builder: Any, one: Any, other: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", one, other), one, other)


def _vectors(builder: Any, address: Any, kind: Any) -> list[Any]:
    """The 64 values at an address, as vectors."""
    starts = [_at(builder, address, _constant(v * _LANES)) for v in range(_VECTORS)]
    return [builder.load(builder.bitcast(start, kind.as_pointer()), align=4) for start in starts]


def _broadcast(builder: Any, value: Any) -> Any:
    vector = ir.VectorType(value.type, _LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_INT, _LANES), [0] * _LANES))


def _row(builder: Any, array: Any, row: int) -> Any:
    """Address of a row, by the array's stride in bytes."""
    stride = builder.extract_value(array.strides, 0)
    start = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(start, [builder.mul(stride, _constant(row))]), array.data.type)


def _at(builder: Any, address: Any, position: Any) -> Any:
    return builder.gep(address, [position])


def _constant(value: int) -> Any:
    return ir.Constant(_LONG, value)
