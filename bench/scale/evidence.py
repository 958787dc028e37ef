"""What a run left: evidence of each tenant, times of its pages, requests that the simulator saw."""

import glob
import json
import os
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor


def pages(place, tenant):
    """The objects of a tenant's pages, in order."""
    # What ends otherwise is an upload that was not finished: a worker died at it.
    return sorted(glob.glob(f"{place}/{tenant}/r/page-*.jsonl"))


def evidence(place, tenant):
    """evidence.jsonl of a tenant, repeats dropped, and how many those were."""

    def read(path):
        with open(path, "rb") as file:
            return file.read()

    return joined(map(read, pages(place, tenant)))


def joined(bodies):
    """The evidence of these pages, repeats dropped, and how many those were."""
    lines, repeats = {}, 0
    for body in bodies:
        head, *rest = body.splitlines(keepends=True)
        for line in rest[: json.loads(head)["evidence_lines"]]:
            repeats += line in lines
            lines[line] = None
    return b"".join(lines), repeats


def times(place, tenant):
    """When each page of a tenant was written: seconds since 1970."""
    return [os.stat(path).st_mtime for path in pages(place, tenant)]


def verified(program, place, tenants, key):
    """(tenant, what was said) of each whose collection does not verify."""

    def command(tenant):
        return [program, "verify", f"{place}/{tenant}/r", "--public-key", f"{key}.pub"]

    def one(tenant):
        told = subprocess.run(command(tenant), capture_output=True, text=True, timeout=120)
        return None if told.returncode == 0 else (tenant, (told.stderr or told.stdout).strip()[:300])

    with ThreadPoolExecutor(2) as pool:
        return [wrong for wrong in pool.map(one, tenants) if wrong]


def requests(journal):
    """(milliseconds since 1970, account) of each request that the simulators saw."""
    for path in glob.glob(f"{journal}-*"):
        with open(path) as file:
            yield from ((int(at), int(account)) for at, account, *_ in map(str.split, file))


def calls(journal):
    """Requests of each account."""
    return Counter(account for _, account in requests(journal))


def begun(journal):
    """When each account was first asked: seconds since 1970."""
    first = {}
    for at, account in requests(journal):
        first[account] = min(at / 1000, first.get(account, at / 1000))
    return first


def most_in_a_window(journal, milliseconds):
    """The most requests of one account in any window of this length."""
    most, open_ = 0, {}
    for at, account in sorted(requests(journal)):
        window = open_.setdefault(account, [])
        window.append(at)
        while window[0] <= at - milliseconds:
            window.pop(0)
        most = max(most, len(window))
    return most


def stalls(all_times, faults):
    """Seconds: the longest in which nothing was written, and for each fault until each tenant under way came further."""
    moments = sorted(at for of_one in all_times for at in of_one)
    longest = max((after - before for before, after in zip(moments, moments[1:])), default=0.0)
    recovery = []
    for at in (fault.begin for fault in faults):
        further = [min(t for t in of_one if t > at) - at for of_one in all_times if of_one[0] <= at < of_one[-1]]
        recovery.append(max(further, default=0.0))
    return longest, recovery
