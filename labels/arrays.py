"""Plain arrays in one file that is read into memory as it is: nothing is parsed, forks share it.

The file is the magic number, the length of a JSON header (8 bytes, little endian), the header (name
to dtype, shape and offset) and the arrays, each at a multiple of 64 bytes. Reading runs no code.
"""

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = dict[str, memoryview]
"""Arrays by name, as typed memory: ``numpy.asarray`` makes them its own without a copy. A service
that answers by the kernel needs nothing else, and starts without numpy."""

MAGIC = b"STANCE01"
_ALIGNMENT = 64
_FORMATS = {"<f4": "f", "<f8": "d", "<u8": "Q", "<u4": "I", "<u2": "H", "|u1": "B"}
"""Types of numbers, as numpy and as ``memoryview`` name them."""


class ArraysError(ValueError):
    """A file that holds no arrays in this form."""


def pack_arrays(arrays: "Mapping[str, NDArray[Any]]") -> bytes:
    """Return the content of a file that holds ``arrays``, in the order of their names."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in sorted(arrays.items()):
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        parts.append(_padded(data))
        offset += len(parts[-1])
    head = orjson.dumps(header)
    start = MAGIC + len(head).to_bytes(8, "little") + head
    return b"".join([_padded(start), *parts])


def parse_arrays(content: memoryview) -> Arrays:
    """Return the arrays in the content of a file, read-only and without a copy.

    Raises
    ------
    ArraysError
        If it is in another form or shorter than its header says, or this machine is big-endian.
    """
    if sys.byteorder != "little":
        raise ArraysError("its numbers are little-endian, those of this machine are not")
    start = len(MAGIC) + 8
    n_head = int.from_bytes(content[len(MAGIC) : start], "little")
    if bytes(content[: len(MAGIC)]) != MAGIC or n_head > len(content) - start:
        raise ArraysError("holds no arrays of this form")
    data = content[start + n_head + -(start + n_head) % _ALIGNMENT :]
    try:
        header = orjson.loads(content[start : start + n_head])
        return {name: _array(data, **entry) for name, entry in header.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise ArraysError(f"damaged ({error})") from error


def _array(data: memoryview, dtype: str, shape: list[int], offset: int) -> Any:
    if dtype not in _FORMATS or offset < 0 or offset % _ALIGNMENT or min(shape, default=0) < 0:
        raise ValueError("an array is described wrongly")
    end = offset + math.prod(shape) * int(dtype[2:])
    if end > len(data):
        raise ValueError("an array is longer than the file")
    numbers: Any = data[offset:end]
    # Nothing has no shape there.
    return numbers.cast(_FORMATS[dtype], shape) if len(numbers) else numbers.cast(_FORMATS[dtype])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
