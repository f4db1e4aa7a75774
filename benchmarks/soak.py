"""Minutes of mixed load on the real server: ``make soak MINUTES=10``.

Good requests at 80 % of the capacity measured first, while the model is replaced every 20 seconds
(now and then by a damaged one) and other clients dawdle, hang up, send too much or have no key.
Every answer is compared with that of the model it names. Prints and writes the table of
``docs/operations.md``; fails on a wrong answer, a 5xx other than 503, growing memory (over 5 %)
or requests that the metrics do not account for.
"""

import asyncio
import random
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import orjson

from benchmarks.client import read_answer, to_request
from benchmarks.processes import ROOT, memory_of, our_server
from labels.sentences import read_labelled_set
from service.artifact import DEFAULT_ARTIFACT
from service.classifier import load
from service.keys import add_key
from training.artifact import write_artifact
from training.report import markdown_table, write_between_markers

DOCUMENT = ROOT / "docs" / "operations.md"
SHARE_OF_CAPACITY = 0.8
CAPACITY_SECONDS = 10
RELOAD_SECONDS = 20
REFUSED_EVERY = 5
MEMORY_SECONDS = 5
CLIENTS = 16
MAX_GROWTH = 1.05
LIMITS = {"STANCE_SLOW_CLIENT_SECONDS": "5", "STANCE_METRICS": "open", "STANCE_LOG_LEVEL": "error"}


@dataclass
class Seen:
    """What the clients saw: statuses of whole requests, wrong answers, seconds, memory in MB."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    hung_up: int = 0
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    reloads: int = 0


class Soak:
    """The server, the load on it: texts with the answers that each model gives, and the clients."""

    def __init__(self, folder: Path) -> None:
        keys = folder / "keys.json"
        self.key = add_key(keys, "soak", ["classify"], "1000000/second")
        self.served = folder / "served"
        self.server = our_server(self.served, settings=LIMITS | {"STANCE_KEYS": str(keys)})
        self.versions = [DEFAULT_ARTIFACT, folder / "other"]
        _write_other(self.versions[1])
        shutil.copytree(DEFAULT_ARTIFACT, self.served)
        texts = [s.text for s in read_labelled_set()][::40]
        self.bodies = [orjson.dumps({"text": text}) for text in texts]
        self.expected: dict[str, list[bytes]] = {}
        for path in self.versions:
            model = load(path)
            self.expected[model.model.version] = [model.classify(t).to_json() for t in texts]
        self.seen = Seen()

    async def measure_capacity(self) -> float:
        """Return how many good requests a second are answered if clients never pause."""
        begin = time.monotonic()
        await asyncio.gather(*(self._ask(begin + CAPACITY_SECONDS, 0.0) for _ in range(CLIENTS)))
        return self.seen.statuses.total() / (time.monotonic() - begin)

    async def run(self, seconds: float, rate: float) -> None:
        """Apply the load: ``rate`` good requests a second, and everything else."""
        self.seen = Seen()
        end = time.monotonic() + seconds
        await asyncio.gather(
            self._reload(end),
            self._watch_memory(end),
            self._misbehave(end),
            self._dawdle(end),
            *(self._ask(end, CLIENTS / rate) for _ in range(CLIENTS)),
        )

    async def _ask(self, end: float, pause: float) -> None:
        """Send good requests on a kept connection, one every ``pause`` seconds, until ``end``."""
        reader, writer = await self._connect()
        due = time.monotonic() + random.random() * pause  # noqa: S311
        while time.monotonic() < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += pause
            number = random.randrange(len(self.bodies))  # noqa: S311
            begin = time.monotonic()
            writer.write(to_request(self.bodies[number], self.key))
            status, answer = await read_answer(reader)
            self.seen.seconds.append(time.monotonic() - begin)
            self.seen.statuses[status] += 1
            if status == 200:
                version = orjson.loads(answer)["model"]["version"]
                self.seen.wrong += answer != self.expected[version][number]
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.server.port)

    async def _reload(self, end: float) -> None:
        for number in count(1):
            if time.monotonic() + RELOAD_SECONDS > end:
                return
            await asyncio.sleep(RELOAD_SECONDS)
            await asyncio.to_thread(_put, self.versions[number % 2], self.served)
            if number % REFUSED_EVERY == 0:
                weights = self.served / "weights.npz"
                weights.write_bytes(weights.read_bytes()[:-1])
            self.seen.reloads += 1

    async def _watch_memory(self, end: float) -> None:
        while time.monotonic() < end:
            self.seen.memory.append(memory_of(self.server.pid))
            await asyncio.sleep(MEMORY_SECONDS)

    async def _misbehave(self, end: float) -> None:
        """Send, in turn, what is refused, and hang up in the middle of a body."""
        bad = [
            to_request(b'{"text": "' + b"a " * 1_500_000 + b'"}', self.key),
            to_request(self.bodies[0], "stance_0_0"),
            to_request(b'{"text": ', self.key),
            to_request(b'{"text": 5}', self.key),
        ]
        while time.monotonic() < end:
            for request in bad:
                reader, writer = await self._connect()
                with suppress(ConnectionError):
                    writer.write(request)
                    await writer.drain()
                    status, _ = await read_answer(reader)
                    self.seen.statuses[status] += 1
                writer.close()
            _, writer = await self._connect()
            writer.write(to_request(self.bodies[0], self.key)[:-10])
            await writer.drain()
            writer.close()
            self.seen.hung_up += 1
            await asyncio.sleep(0.2)

    async def _dawdle(self, end: float) -> None:
        """Send a body a byte a second; the server must answer 408."""
        while time.monotonic() < end:
            reader, writer = await self._connect()
            answer = asyncio.create_task(read_answer(reader))
            content = to_request(self.bodies[0], self.key)
            writer.write(content[:-60])
            for byte in content[-60:-1]:
                writer.write(bytes([byte]))
                await asyncio.wait([answer], timeout=1)
                if answer.done():
                    break
            status, _ = await answer
            self.seen.statuses[status] += 1
            writer.close()


def main() -> None:
    """Soak, write the table, fail if something was not as it should be."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder))
        with soak.server as server:
            rate = SHARE_OF_CAPACITY * asyncio.run(soak.measure_capacity())
            before = _counted(server.port)
            asyncio.run(soak.run(minutes * 60, rate))
            counted = _counted(server.port) - before
    _report(minutes, rate, soak.seen, counted)


def _write_other(folder: Path) -> None:
    """Write a second version of the default model, which gives other labels."""
    manifest = orjson.loads((DEFAULT_ARTIFACT / "manifest.json").read_bytes())
    thresholds = {label: cut / 2 for label, cut in manifest["thresholds"].items()}
    _put(DEFAULT_ARTIFACT, folder, thresholds=thresholds, version="soak")


def _put(source: Path, folder: Path, **changes: Any) -> None:
    """Replace the artifact in ``folder`` as training does."""
    manifest = orjson.loads((source / "manifest.json").read_bytes()) | changes
    files = {name: (source / name).read_bytes() for name in manifest["files"]}
    del manifest["seal"], manifest["files"]
    write_artifact(folder, manifest, files)


def _counted(port: int) -> Counter[int]:
    """Return how many requests the metrics know by status, but for those to look at them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    counted: Counter[int] = Counter()
    for line in lines:
        if found := re.match(r"stance_requests_total\{(.*)\} (\S+)$", line):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
            if labels["route"] not in ("/metrics", "/health/ready"):
                counted[int(labels["status"])] += int(float(found[2]))
    return counted


def _report(minutes: float, rate: float, seen: Seen, counted: Counter[int]) -> None:
    part = max(1, len(seen.memory) // 5)
    early, late = median(seen.memory[part : 2 * part]), median(seen.memory[-part:])
    cuts = quantiles(seen.seconds, n=100)
    # A client that hangs up is counted by the status that it did not wait for.
    expected = seen.statuses + Counter({400: seen.hung_up})
    counted[400] += counted.pop(499, 0)
    statuses = ", ".join(f"{n:,} times {status}" for status, n in sorted(seen.statuses.items()))
    table = markdown_table(
        [
            ["soak", f"{minutes:g} minutes"],
            ["good requests a second, 80 % of capacity", f"{rate:,.0f}"],
            ["answers", statuses],
            ["clients that hung up", f"{seen.hung_up:,}"],
            ["wrong answers", f"{seen.wrong}"],
            ["new artifacts, a fifth of them damaged", f"{seen.reloads}"],
            ["p50, p99", f"{cuts[49] * 1000:.1f} ms, {cuts[98] * 1000:.1f} ms"],
            ["memory, second and last fifth", f"{early:.0f} MB, {late:.0f} MB"],
            ["requests that metrics do not account for", f"{(expected - counted).total()}"],
        ]
    )
    print(table)
    write_between_markers(DOCUMENT, "soak", table)
    defects = [status for status in seen.statuses if status >= 500 and status != 503]
    if defects or seen.wrong or late > MAX_GROWTH * early or expected != counted:
        raise SystemExit(f"not as it should be: {defects} {dict(expected)} {dict(counted)}")


if __name__ == "__main__":
    main()
