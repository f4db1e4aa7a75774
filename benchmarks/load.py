"""``POST /classify`` under load beside a bare FastAPI endpoint that only echoes.

``make load``. Needs wrk and two cores: the servers, one worker each, run on one, wrk on the other,
and they take turns in one run. Bodies are sentences of the labelled set, each alone or forty as an
article. Prints and writes the table of ``docs/operations.md``; fails if a goal is missed.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import orjson

from benchmarks.client import Load, has_wrk, median_load, run_load
from benchmarks.processes import ROOT, Server, n_cores, other_server, our_server, pinned
from labels.sentences import read_labelled_set
from service.artifact import DEFAULT_ARTIFACT
from training.report import markdown_table, write_between_markers

DOCUMENT = ROOT / "docs" / "operations.md"
N_ROUNDS = 5
SECONDS = 5
N_CONNECTIONS = 32
N_BODIES = 400
ARTICLE_SENTENCES = 40
ONE, MANY = "one sentence", f"article of {ARTICLE_SENTENCES} sentences"
OURS, ECHO = "`POST /classify`", "bare FastAPI echo"
MIN_THROUGHPUT, MAX_P99 = 0.8, 1.5
"""Goals for one sentence, as multiples of the echo."""


def main() -> None:
    """Measure, write the table, fail if a goal is missed."""
    if not has_wrk() or n_cores() < 2:
        raise SystemExit("expected wrk and two cores: one for the server, one for the load")
    servers = {
        OURS: our_server(DEFAULT_ARTIFACT),
        ECHO: other_server("echo", DEFAULT_ARTIFACT),
    }
    with ExitStack() as stack:
        with pinned():
            for server in servers.values():
                stack.enter_context(server)
        medians = _measure(servers)
    _report(medians)


def _measure(servers: Mapping[str, Server]) -> dict[tuple[str, str], Load]:
    """Return the median of the rounds for each body and server, which take turns."""
    bodies = _bodies()
    rounds: dict[tuple[str, str], list[Load]] = {
        (body, name): [] for body in bodies for name in servers
    }
    with pinned(first=True):
        for number in range(N_ROUNDS + 1):
            for (body, name), loads in rounds.items():
                load = run_load(servers[name].port, bodies[body], N_CONNECTIONS, SECONDS)
                if number > 0:  # the first round warms up
                    loads.append(load)
    return {key: median_load(loads) for key, loads in rounds.items()}


def _bodies() -> dict[str, Sequence[bytes]]:
    texts = [s.text for s in read_labelled_set()]
    step = max(1, len(texts) // N_BODIES)
    spread = texts[::step][:N_BODIES]
    articles = [
        " ".join(texts[start : start + ARTICLE_SENTENCES])
        for start in range(0, len(texts) - ARTICLE_SENTENCES, len(texts) // 40)
    ]
    return {
        ONE: [orjson.dumps({"text": text}) for text in spread],
        MANY: [orjson.dumps({"text": text}) for text in articles],
    }


def _report(medians: Mapping[tuple[str, str], Load]) -> None:
    rows = [["body", "server", "requests/s", "p50 ms", "p95 ms", "p99 ms"]]
    for (body, name), load in medians.items():
        times = (f"{time:.1f}" for time in (load.p50, load.p95, load.p99))
        rows.append([body, name, f"{load.per_second:,.0f}", *times])
    table = markdown_table(rows)
    print(table)
    write_between_markers(DOCUMENT, "load", table)
    ours, echo = medians[ONE, OURS], medians[ONE, ECHO]
    ratio, slower = ours.per_second / echo.per_second, ours.p99 / echo.p99
    print(f"one sentence: {ratio:.2f} of the echo's throughput, {slower:.2f} times its p99")
    if ratio < MIN_THROUGHPUT or slower > MAX_P99:
        raise SystemExit(f"goal missed: at least {MIN_THROUGHPUT}, at most {MAX_P99}")


if __name__ == "__main__":
    main()
