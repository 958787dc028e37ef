"""What the Python subjects share: the simulator's key pair, and how a result is handed over."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# The pair that `host-test simulate` accepts. It is invented and opens nothing.
KEY = "simulated-key"
SECRET = "simulated-secret-that-opens-nothing"

LIST_PATH = "/v1/connections"
INFO_PATH = "/v1/account/info"
PAGE = 1000


def main(
    list_connections: Callable[[str], int],
    account_name: Callable[[str], str],
    write_connections: Callable[[str, Path], int] | None = None,
) -> None:
    """Does what the command line asks for and prints one line.

    The functions take the root of the API. `list_connections` and `write_connections` return how many
    connections they saw; the latter writes them, as its framework would, into the folder it is given.
    """
    match sys.argv[1:]:
        case ["list", url]:
            begun = time.perf_counter()
            report(list_connections(url), begun)
        case ["write", url] if write_connections:
            with tempfile.TemporaryDirectory() as folder:
                begun = time.perf_counter()
                report(write_connections(url, Path(folder)), begun)
        case ["info", url]:
            print(account_name(url), flush=True)
        case _:
            sys.exit(f"usage: {sys.argv[0]} list|info{'|write' if write_connections else ''} URL")


def report(items: int, begun: float) -> None:
    """Prints how many items there were and the seconds since `begun`."""
    print(json.dumps({"items": items, "seconds": time.perf_counter() - begun}), flush=True)
