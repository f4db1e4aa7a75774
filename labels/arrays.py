"""Plain arrays in one file that is read into memory as it is: nothing is parsed, forks share it.

The file is the magic number, the length of a JSON header (8 bytes, little endian), the header (name
to dtype, shape and offset) and the arrays, each at a multiple of 64 bytes. Reading runs no code.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
MAGIC = b"STANCE01"
_ALIGNMENT = 64
_DTYPES = ("<f4", "<f8", "<u8", "<u4", "<u2", "<i2", "|u1")


class ArraysError(ValueError):
    """A file that holds no arrays in this form."""


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
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
        If it is in another form or shorter than its header says.
    """
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


def _array(data: memoryview, dtype: str, shape: list[int], offset: int) -> NDArray[Any]:
    if dtype not in _DTYPES or offset < 0 or offset % _ALIGNMENT or min(shape, default=0) < 0:
        raise ValueError("an array is described wrongly")
    count = int(np.prod(shape, dtype=object))
    if count == 0:
        return np.empty(shape, dtype=dtype)
    return np.frombuffer(data, dtype=dtype, count=count, offset=offset).reshape(shape)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
