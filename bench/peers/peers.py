"""What is compared with what, and what of it is installed."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBJECTS = HERE / "subjects"

# In the words of a program: the root of the API, which is known once the simulator runs.
URL = "{url}"

# Name, environment, package that has the version, script, whether it can write too.
PYTHON_PEERS = [
    ("requests", "http", "requests", "with_requests.py", False),
    ("httpx", "http", "httpx", "with_httpx.py", False),
    ("httpx + orjson", "http", "orjson", "with_httpx_orjson.py", False),
    ("dlt", "dlt", "dlt", "with_dlt.py", True),
    ("Singer SDK", "singer", "singer-sdk", "with_singer.py", True),
    ("Airbyte CDK", "airbyte", "airbyte-cdk", "with_airbyte.py", True),
]

# Requests in flight of the walks.
IN_FLIGHT = (16, 64)


@dataclass(frozen=True)
class Peer:
    """A program to be measured."""

    name: str
    version: str
    argv: list[str]

    def at(self, url: str) -> list[str]:
        """Its words against this API."""
        return [url if word == URL else word for word in self.argv]


@dataclass(frozen=True)
class Contest:
    """Programs that do the same task, each to be compared with ours."""

    ours: Peer
    peers: list[Peer] = field(default_factory=list)


@dataclass(frozen=True)
class Contests:
    """All there is to compare, and why the rest is not."""

    listing: Contest
    health: Contest
    walks: dict[int, Contest]
    skipped: list[str]


def find(host_test: str, component: list[str]) -> Contests:
    """Looks for what is installed. `component` are the words that name another component, if any."""
    version = (said([host_test, "--version"]) or "").removeprefix("host-test ")

    def own(*words: str) -> Peer:
        return Peer("fivetran-source", version, [host_test, *words])

    def walk(in_flight: int) -> Peer:
        limits = ["--kinds", "connection", "--concurrency", str(in_flight)]
        return own("collect", *component, "--simulated", "--upstream", URL, *limits, "--out", "evidence")

    bench = str(Path(host_test).with_name("source-bench"))
    contests = Contests(
        Contest(Peer("fivetran-source", version, [bench, *component, "subject", "component", URL])),
        Contest(own("health", *component, "--simulated", "--upstream", URL)),
        {in_flight: Contest(walk(in_flight)) for in_flight in IN_FLIGHT},
        [],
    )
    for name, subject in (("same core, native", "native"), ("bare native loop", "bare")):
        contests.listing.peers.append(Peer(name, version, [bench, "subject", subject, URL]))
    add_python(contests)
    add_node(contests)
    return contests


def add_python(contests: Contests) -> None:
    """Adds the peers in Python that are installed."""
    for name, environment, package, script, writes in PYTHON_PEERS:
        python = str(HERE / ".venv" / environment / "bin" / "python")
        version = said([python, "-c", f"import importlib.metadata as m; print(m.version({package!r}))"])
        if version is None:
            contests.skipped.append(f"{name}: {package} is not installed; run bench/peers/setup")
            continue
        program = [python, str(SUBJECTS / script)]
        contests.listing.peers.append(Peer(name, version, [*program, "list", URL]))
        if writes:
            contests.listing.peers.append(Peer(f"{name}, writing", version, [*program, "write", URL]))
        contests.health.peers.append(Peer(name, version, [*program, "info", URL]))
        if name == "httpx":
            for in_flight, contest in contests.walks.items():
                walk = [python, str(SUBJECTS / "with_httpx_async.py"), "walk", URL, str(in_flight)]
                contest.peers.append(Peer("httpx, async", version, walk))


def add_node(contests: Contests) -> None:
    """Adds Node's fetch if there is a Node."""
    node = shutil.which("node")
    version = said([node, "--version"]) if node else None
    if node is None or version is None:
        contests.skipped.append("Node fetch: no node on the path; install Node 18 or newer")
        return
    program = [node, str(SUBJECTS / "with_fetch.mjs")]
    contests.listing.peers.append(Peer("Node fetch", version, [*program, "list", URL]))
    contests.health.peers.append(Peer("Node fetch", version, [*program, "info", URL]))


def said(argv: list[str]) -> str | None:
    """What a program prints, if it can be run and ends well."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
