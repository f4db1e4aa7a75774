"""Run one function in a process of its own that may neither think long nor eat the memory.

A file from outside may be made to hang whoever reads it, or to unpack without end. Here that costs
one process, which is killed, and never the service. Called by ``service.uploads`` and
``service.jobs``; the functions are in ``service.extract``, ``service.preview`` and
``service.job_process``.
"""

import asyncio
import importlib
import os
import resource
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parent.parent
NICENESS = 10
"""How far these processes stand back behind those that answer requests."""

READING_BYTES = 1_000_000_000
"""Memory that reading one file may take: several times what any sound one of 20 MB does."""

_PROGRAM = "from service.confined import main; main()"


class RefusalError(ValueError):
    """A file that cannot be read; the message is for its sender and repeats none of its text."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a process may use: processor and wall-clock time in seconds, memory and files."""

    seconds: int
    memory_bytes: int
    file_bytes: int = 0
    """Size of the largest file that it may write."""


async def call(function: str, content: bytes, allowance: Allowance, **arguments: Any) -> Any:
    """Return ``function(content, **arguments)``; arguments and result are what JSON can hold.

    ``function`` is named with its module, which only the process imports.

    Raises
    ------
    RefusalError
        If the function raises it, fails on this content, or wants more than is allowed.
    OSError
        If no process can be started.
    """
    process = await start(function, allowance, stdin=PIPE, **arguments)
    try:
        async with asyncio.timeout(allowance.seconds):
            output, _ = await process.communicate(content)
    except TimeoutError:
        raise RefusalError(f"reading it takes more than {allowance.seconds} seconds") from None
    finally:
        await stop(process)
    if process.returncode != 0:
        raise RefusalError("reading it fails; it may be damaged, or unpack to too much")
    answer = orjson.loads(output)
    if "refusal" in answer:
        raise RefusalError(answer["refusal"])
    return answer["result"]


async def start(
    function: str, allowance: Allowance, stdin: int = DEVNULL, **arguments: Any
) -> Process:
    """Start a process that calls ``function`` with its standard input and ``arguments``."""
    task = {
        "function": function,
        "arguments": arguments,
        "seconds": allowance.seconds,
        "memory_bytes": allowance.memory_bytes,
        "file_bytes": allowance.file_bytes,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM, orjson.dumps(task).decode()),
        stdin=stdin,
        stdout=PIPE if stdin == PIPE else DEVNULL,
        # What libraries complain about may hold the text.
        stderr=DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


async def stop(process: Process) -> None:
    """Kill the process if it still runs, and wait for its end."""
    if process.returncode is None:
        with suppress(ProcessLookupError):  # It ended by itself in between.
            process.kill()
        await process.wait()


def main() -> None:
    """Do what ``start`` asks, inside the process."""
    task = orjson.loads(sys.argv[1])
    _limit(Allowance(task["seconds"], task["memory_bytes"], task["file_bytes"]))
    module, _, name = task["function"].rpartition(".")
    function = getattr(importlib.import_module(module), name)
    try:
        answer = {"result": function(sys.stdin.buffer.read(), **task["arguments"])}
    except RefusalError as error:
        answer = {"refusal": str(error)}
    except MemoryError:
        megabytes = task["memory_bytes"] // 1_000_000
        answer = {"refusal": f"reading it takes more than {megabytes} MB of memory"}
    sys.stdout.buffer.write(orjson.dumps(answer))


def _limit(allowance: Allowance) -> None:
    os.nice(NICENESS)
    # The kernel's own limit holds even if the service dies and nobody is left to kill.
    for kind, most in (
        (resource.RLIMIT_AS, allowance.memory_bytes),
        (resource.RLIMIT_FSIZE, allowance.file_bytes),
        (resource.RLIMIT_CPU, allowance.seconds + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
