"""Pages a second with one, two and four workers, where the vendor's latency is the limit; and what the broker costs a page.
Started by `./dev throughput`; see docs/scale.md."""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import evidence
from cluster import Nats, Run, wait_for


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="host-test with the feature scale")
    parser.add_argument("--server", required=True, help="nats-server 2.12 or newer")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is measured, in turns (default 3)")
    parser.add_argument("--tenants", type=int, default=8, help="tenants for each worker (default 8)")
    args = parser.parse_args()
    args.per_worker, args.latency, args.page, args.ack_wait, args.active, args.more = args.tenants, 300, 20, 30, 4, []
    return args


def measure(args, folder, workers):
    """Pages a second from the first page to the last, in a run of so many workers; and the processor time used."""
    args.tenants = args.accounts = workers * args.per_worker
    os.makedirs(folder)
    broker = Nats(args.server, folder)
    run = Run(args.program, folder, broker, args)
    try:
        run.submit()
        before, begin = os.times(), time.time()
        for _ in range(workers):
            run.worker()
        wait_for("the end of the run", 600, run.is_done)
        stats = [broker.ask(number, "/varz") for number in range(3)]
    finally:
        run.stop()
        broker.stop()
    used, took = os.times(), time.time() - begin
    busy = (used.children_user + used.children_system - before.children_user - before.children_system) / took / os.cpu_count()
    moments = sorted(at for number in range(args.tenants) for at in evidence.times(run.place, f"t{number}"))
    moved = sum(one.get("in_bytes", 0) + one.get("out_bytes", 0) for one in stats)
    return len(moments) / (moments[-1] - begin), busy, moved / len(moments)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    found = {1: [], 2: [], 4: []}
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        args.key = f"{folder}/key.pem"
        subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
        for repeat in range(args.repeats):
            for workers, rates in found.items():
                rate, busy, moved = measure(args, f"{folder}/{workers}-{repeat}", workers)
                rates.append(rate)
                print(f"{workers} workers: {rate:.1f} pages a second, processors {busy:.0%} busy, {moved:,.0f} bytes a page through the nodes", flush=True)
    one = statistics.median(found[1])
    ratios = {workers: statistics.median(rates) / one / workers for workers, rates in found.items()}
    for workers, ratio in ratios.items():
        print(f"{workers} workers: {statistics.median(found[workers]):.1f} pages a second, {ratio:.2f} x linear")
    return int(min(ratios.values()) < 0.9)


if __name__ == "__main__":
    sys.exit(main())
