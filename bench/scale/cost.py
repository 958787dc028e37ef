"""What the broker costs a page: milliseconds that a tenant waits for it, by the worker's own figures, and bytes, by those of
the nodes; with one node and with three. Started by `./dev cost`; see docs/scale.md."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile

import evidence
from cluster import HOST, Host, Nats, Run, arguments, free_ports, metrics, wait_for

# Of the broker's figures in a page; a page that waits longer than that for it is not what was promised.
MOST_MILLISECONDS = 100


def options():
    parser = arguments(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="how often each is measured, in turns (default 3)")
    parser.add_argument("--tenants", type=int, default=24, help="tenants (default 24)")
    args = parser.parse_args()
    args.accounts, args.latency, args.page, args.ack_wait, args.active = args.tenants, 50, 8, 30, 4
    return args


def traffic(broker):
    """Bytes in and out of all nodes, those between them too."""
    told = [broker.ask(number, "/varz") for number in range(broker.size)]
    return sum(one["in_bytes"] + one["out_bytes"] for one in told)


def stored(broker):
    """Bytes that one node keeps."""
    return broker.ask(0, "/jsz")["bytes"]


def measure(args, folder, size):
    """A run with so many nodes: its figures for a page."""
    os.makedirs(folder)
    (port,) = free_ports(1)
    args.more = ["--listen", f"{HOST}:{port}"]
    broker = Nats(args.server, folder, [Host()] * size)
    run = Run(args.program, folder, broker, args)
    try:
        run.submit()
        jobs, before = stored(broker), traffic(broker)
        run.worker()
        # Not by `watch`, which asks the broker.
        wait_for("the end of the run", 600, lambda: metrics(port).get("tenants_done_total", 0) >= args.tenants)
        told, moved, kept = metrics(port), traffic(broker) - before, stored(broker)
    finally:
        run.stop()
        broker.stop()
    pages = sum(len(evidence.pages(run.place, f"t{number}")) for number in range(args.tenants))
    return {
        "pages": pages,
        "ms a page": 1000 * told["broker_seconds_sum"] / pages,
        "ms a call": 1000 * told["broker_seconds_sum"] / told["broker_seconds_count"],
        "calls a page": told["broker_seconds_count"] / pages,
        "ms of a turn": 1000 * told["turn_seconds_sum"] / pages,
        "bytes moved a page": moved / pages,
        "bytes kept a job": jobs / args.tenants,
        "bytes kept a tenant at the end": kept / args.tenants,
    }


def show(figures):
    return ", ".join(f"{name} {value:,.1f}" for name, value in figures.items())


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    found = {1: [], 3: []}
    with tempfile.TemporaryDirectory(prefix="cost-") as folder:
        args.key = f"{folder}/key.pem"
        subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
        for repeat in range(args.repeats):
            for size, of_size in found.items():
                of_size.append(measure(args, f"{folder}/{size}-{repeat}", size))
                print(f"nodes {size}: {show(of_size[-1])}", flush=True)
    middle = {size: {name: statistics.median(one[name] for one in all_) for name in all_[0]} for size, all_ in found.items()}
    for size, figures in middle.items():
        print(f"median, nodes {size}: {show(figures)}")
    return int(any(figures["ms a page"] > MOST_MILLISECONDS for figures in middle.values()))


if __name__ == "__main__":
    sys.exit(main())
