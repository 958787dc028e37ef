"""Pages a second with one, two and four workers, where the vendor's latency is the limit and not processor time. Started by
`./dev throughput`; see docs/scale.md."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import evidence
from cluster import HOST, Nats, Run, arguments, free_ports, metrics, wait_for

# Of linear, at least.
LEAST = 0.9


def options():
    parser = arguments(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="how often each is measured, in turns (default 3)")
    parser.add_argument("--tenants", type=int, default=8, help="tenants for each worker (default 8), four of them at once")
    args = parser.parse_args()
    args.per_worker, args.latency, args.page, args.ack_wait, args.active = args.tenants, 200, 8, 30, 4
    return args


def machine():
    """Seconds that the processors of this machine have worked, for whomever."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, *interrupts = map(int, file.readline().split()[1:8])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def own(run):
    """Seconds of processor time of a run's processes."""
    ticks = 0
    for process in [*run.workers, *run.simulators, *run.nats.nodes]:
        with open(f"/proc/{process.pid}/stat") as file:
            ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(args, folder, workers):
    """Pages a second, and how busy the processors are with this run and with everything, from the first request to the
    last page."""
    args.tenants = args.accounts = workers * args.per_worker
    os.makedirs(folder)
    broker, ports = Nats(args.server, folder), free_ports(workers)
    run = Run(args.program, folder, broker, args)

    def at(name):
        return sum(metrics(port).get(name, 0) for port in ports)

    try:
        for port in ports:
            args.more = ["--listen", f"{HOST}:{port}"]
            run.worker()
        # Workers that wait for work: how long they take to start is not what is measured.
        wait_for("the start of the workers", 60, lambda: run.are_up() and all(metrics(port) for port in ports))
        run.submit()
        begin, before = time.time(), (own(run), machine())
        wait_for("the end of the run", 600, lambda: at("tenants_done_total") >= args.tenants)
        took, after = time.time() - begin, (own(run), machine())
    finally:
        run.stop()
        broker.stop()
    busy = [(new - old) / took / os.cpu_count() for old, new in zip(before, after)]
    written = [moment for number in range(args.tenants) for moment in evidence.times(run.place, f"t{number}")]
    first = min(moment for moment, _ in evidence.requests(run.journal)) / 1000
    return len(written) / (max(written) - first), *busy


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    found = {1: [], 2: [], 4: []}
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        args.key = f"{folder}/key.pem"
        subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
        for repeat in range(args.repeats):
            for workers, rates in found.items():
                rate, run, everything = measure(args, f"{folder}/{workers}-{repeat}", workers)
                rates.append(rate)
                print(f"workers {workers}: {rate:.2f} pages a second, processors {run:.0%} busy with it and {everything:.0%} in all", flush=True)
    middle = {workers: statistics.median(rates) for workers, rates in found.items()}
    ratios = {workers: rate / middle[1] / workers for workers, rate in middle.items()}
    for workers, ratio in ratios.items():
        print(f"median, workers {workers}: {middle[workers]:.2f} pages a second, {ratio:.2f} x linear")
    return int(min(ratios.values()) < LEAST)


if __name__ == "__main__":
    sys.exit(main())
