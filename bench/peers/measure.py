"""Runs a program once, in a process of its own, and says what it took."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Far more than the slowest peer takes: a program that hangs ends here.
LIMIT_SECONDS = 900


class Failed(Exception):
    """A program did not do what was asked; the text says which and why."""


@dataclass(frozen=True)
class Run:
    """What a listing took."""

    seconds: float  # from the first request to the last item, by the program's own clock
    process_seconds: float  # from its start to its end, seen from outside
    cpu_seconds: float  # user and system, all threads, start-up included
    peak_mib: float  # the most memory of the process


def environment() -> dict[str, str]:
    """Ours, less what could send a program elsewhere or give it another key pair."""
    unwanted = ("fivetran_api_key", "fivetran_api_secret", "http_proxy", "https_proxy", "all_proxy")
    return {name: value for name, value in os.environ.items() if name.lower() not in unwanted}


@contextmanager
def simulator(host_test: str, connections: int, latency_ms: int) -> Iterator[str]:
    """Runs `host-test simulate`; gives the root of its API."""
    account = ["--sim-connections", str(connections), "--sim-latency-ms", str(latency_ms)]
    argv = [host_test, "simulate", "--listen", "127.0.0.1:0", *account]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        line = child.stdout.readline() if child.stdout else ""
        url = next((word for word in line.split() if word.startswith("http://")), None)
        if url is None:
            raise Failed(f"the simulator names no address: {line!r}")
        yield url
    finally:
        child.terminate()
        child.wait()


def listing(argv: list[str], expected: int) -> Run:
    """Runs a program that prints a line of JSON with `items` and `seconds`, the last on its output."""
    begun = time.perf_counter()
    output, usage = _run(argv)
    process_seconds = time.perf_counter() - begun
    try:
        outcome = json.loads(output.splitlines()[-1])
        items, seconds = outcome["items"], outcome["seconds"]
    except (IndexError, KeyError, TypeError, ValueError):
        raise Failed(f"{' '.join(argv)} printed no result: {output[-200:]!r}") from None
    if items != expected:
        raise Failed(f"{' '.join(argv)} counted {items} connections instead of {expected}")
    # A child starts with the memory of this program as its peak: less than any Python or Node needs, but
    # more than host-test does, which therefore says its own.
    kib = outcome.get("peak_rss_kib") or usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(seconds, process_seconds, usage.ru_utime + usage.ru_stime, kib / 1024)


def answer_seconds(argv: list[str], expected: str) -> float:
    """Seconds from the start of a program to its end, if `expected` is in what it prints."""
    begun = time.perf_counter()
    output, _ = _run(argv)
    seconds = time.perf_counter() - begun
    if expected not in output:
        raise Failed(f"{' '.join(argv)} printed {output[-200:]!r} without {expected!r}")
    return seconds


def _run(argv: list[str]) -> tuple[str, resource.struct_rusage]:
    """The output of a program that ends well, and what it used, as `os.wait4` says it."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder, env=environment()
        )
        assert child.stdout is not None
        timer = threading.Timer(LIMIT_SECONDS, child.kill)
        timer.start()
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.stdout.close()
        # It has been waited for already.
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            # Python draws frames around the errors of concurrent tasks.
            said = [text for line in errors if (text := line.strip(" |+-\n"))]
            why = said[-1] if said else "nothing on its error output"
            raise Failed(f"{' '.join(argv)} ended with {child.returncode}: {why}")
        return output, usage
