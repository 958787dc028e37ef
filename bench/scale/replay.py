"""Many tenants with a daily collection, days made short: how deep the queue gets, how much memory broker and workers need,
how long a day's work takes. Broker, workers, component (the example of the kit) and evidence are real; the vendor is a
few lines in here, of whose accounts some are large, some limit their rate and some refuse. Started by `./dev replay`;
see docs/scale.md."""

import argparse
import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from cluster import HOST, Host, Nats, arguments, end, free_ports, metrics, start

POLICY = {
    "source": "acme",
    "rules": [{"host": "api.acme.example", "methods": ["GET"], "path_prefixes": ["/v1/"], "secret": False}],
}
# Of a hundred tenants: an account with a few things, with more, one that answers 429 now and then, one that refuses.
KINDS = ["small"] * 92 + ["large"] * 5 + ["limited"] * 2 + ["refusing"]


def options():
    parser = arguments(__doc__)
    parser.add_argument("--component", help="the example of the kit (default beside the program)")
    parser.add_argument("--tenants", type=int, default=100_000)
    parser.add_argument("--day", type=int, default=1200, help="seconds of a day (default 1200: 72 times as fast)")
    parser.add_argument("--days", type=float, default=1.5, help="for so many days (default 1.5)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 3), help="of the broker")
    parser.add_argument("--out", default="replay", help="prefix of the table and the plot (default replay)")
    parser.add_argument("--vendor", nargs=4, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    near = os.path.join(os.path.dirname(args.program), "../wasm32-wasip2/release/acme_source.wasm")
    args.component = args.component or near
    return args


class Vendor(asyncio.Protocol):
    """One connection of a client; `kind` is that of the account."""

    def __init__(self, kind):
        self.kind, self.data, self.asked = kind, b"", 0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            self.asked += 1
            status, more, body = self.answer(head.split(b" ", 2)[1].decode())
            text = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}content-length: {len(body)}\r\n\r\n{body}"
            self.transport.write(text.encode())

    def answer(self, path):
        if self.kind == "refusing":
            return "401 Unauthorized", "", "{}"
        if self.kind == "limited" and self.asked % 5 == 4:
            return "429 Too Many Requests", "retry-after: 2\r\n", "{}"
        if path.startswith("/v1/me"):
            return "200 OK", "", '{"id": "acme-1", "name": "Acme"}'
        if "/keepers" in path:
            return "200 OK", "", '{"items": [{"name": "Wile"}], "next": null}'
        count = 60 if self.kind == "large" else 3
        items = ",".join(f'{{"id": "thing-{n}", "secure": true}}' for n in range(count))
        return "200 OK", "", f'{{"items": [{items}], "next": null}}'


async def serve(ports):
    loop = asyncio.get_running_loop()
    for port, kind in zip(ports, dict.fromkeys(KINDS)):
        await loop.create_server(lambda kind=kind: Vendor(kind), HOST, port, backlog=1024)
    print("ready", flush=True)
    await asyncio.Event().wait()


def tenants(args, folder, ports):
    at = dict(zip(dict.fromkeys(KINDS), ports))
    credentials, all_of_them = {"key_file": "word", "secret_file": "word"}, []
    with open(f"{folder}/word", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write("invented")
    for number in range(args.tenants):
        kind = KINDS[number % len(KINDS)]
        all_of_them.append({"name": f"{kind}-{number}", "upstream": f"http://{HOST}:{at[kind]}", "credentials": credentials})
    with open(f"{folder}/tenants.json", "w") as file:
        json.dump(all_of_them, file)
    with open(f"{folder}/policy.json", "w") as file:
        json.dump(POLICY, file)


def rss(processes):
    """Resident memory of processes, in MiB."""
    total = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/statm") as file:
                total += int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        except OSError:
            pass
    return total / 2**20


def cpu(processes):
    """Seconds of processor time of processes."""
    ticks = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/stat") as file:
                ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


class Farm:
    """A broker, workers and the vendor, in one folder."""

    def __init__(self, args, folder):
        self.args, self.folder, self.others = args, folder, []
        vendor, self.ports = free_ports(len(set(KINDS))), free_ports(args.workers)
        command = [sys.executable, __file__, "--program", "", "--server", "", "--vendor", *map(str, vendor)]
        self.others.append(start(command, f"{folder}/vendor.log"))
        tenants(args, folder, vendor)
        self.broker = Nats(args.server, folder, [Host()] * args.nodes)
        self.workers = []

    def options(self):
        return ["--nats", self.broker.url, "--nats-replicas", str(self.args.nodes)]

    def submit(self):
        command = [self.args.program, "submit", *self.options(), "--tenants", f"{self.folder}/tenants.json", "--run", "day-0"]
        begin = time.time()
        subprocess.run([*command, "--every-seconds", str(self.args.day)], check=True, stdout=subprocess.DEVNULL)
        return time.time() - begin

    def work(self):
        for number, port in enumerate(self.ports, 1):
            command = [self.args.program, "worker", *self.options(), "--place", f"{self.folder}/place", "--folder", self.folder]
            command += ["--component", self.args.component, "--egress", f"{self.folder}/policy.json", "--name", f"w{number}"]
            command += ["--listen", f"{HOST}:{port}", "--active", "32", "--max-requests-per-page", "24", "--retry-seconds", "10"]
            command.append("--tenant-upstreams")
            self.workers.append(start(command, f"{self.folder}/w{number}.log"))

    def sample(self):
        """What there is to see at this moment."""
        jobs = {}
        for account in self.broker.ask(self.broker.leader() or 0, "/jsz?consumers=true&streams=true").get("account_details", []):
            for one in account.get("stream_detail", []):
                jobs[one["name"]] = one
        queue = jobs.get("SOURCE_JOBS", {})
        consumer = (queue.get("consumer_detail") or [{}])[0]
        told = [metrics(port) for port in self.ports]

        def seen(name):
            return int(sum(one.get(f"{name}_total", 0) for one in told))

        return {
            "never begun": consumer.get("num_pending", 0),
            "at work or waiting": consumer.get("num_ack_pending", 0),
            "done": seen("tenants_done"),
            "failed": seen("tenants_failed"),
            "pages": seen("pages"),
            "requests": seen("requests"),
            "broker MiB": round(rss(self.broker.nodes)),
            "workers MiB": round(rss(self.workers)),
            "broker CPU s": round(cpu(self.broker.nodes)),
            "workers CPU s": round(cpu(self.workers)),
            "on disk MiB": round(sum(one.get("state", {}).get("bytes", 0) for one in jobs.values()) / 2**20),
        }

    def stop(self):
        for process in [*self.workers, *self.others]:
            end(process)
        self.broker.stop()


def replay(args, farm):
    """Samples, each with its second."""
    print(f"submitted {args.tenants} tenants in {farm.submit():.0f} s", flush=True)
    farm.work()
    begin, rows = time.time(), []
    while time.time() - begin < args.day * args.days:
        row = {"second": round(time.time() - begin), **farm.sample()}
        rows.append(row)
        if len(rows) % 12 == 1:
            print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
        time.sleep(max(1, args.day / 240))
    return rows


def plot(args, rows):
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, (queue, memory) = pyplot.subplots(2, sharex=True, figsize=(8, 6))
    minutes = [row["second"] / 60 for row in rows]
    for name in ("never begun", "done"):
        queue.plot(minutes, [row[name] for row in rows], label=name)
    for name in ("broker MiB", "workers MiB"):
        memory.plot(minutes, [row[name] for row in rows], label=name)
    queue.set_ylabel("tenants")
    queue.set_title(f"{args.tenants:,} tenants, a day of {args.day} s, {args.workers} workers, {args.nodes} node{'s' * (args.nodes > 1)}")
    memory.set_ylabel("MiB")
    memory.set_xlabel("minutes")
    for one in (queue, memory):
        one.legend()
        one.grid(alpha=0.3)
        one.set_ylim(bottom=0)
    figure.tight_layout()
    figure.savefig(f"{args.out}.svg", metadata={"Date": None})


def main():
    args = options()
    if args.vendor:
        return asyncio.run(serve(args.vendor))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # In memory, as its disk would otherwise be what is measured.
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="replay-", dir=shared) as folder:
        farm = Farm(args, folder)
        try:
            rows = replay(args, farm)
        finally:
            farm.stop()
    with open(f"{args.out}.csv", "w") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    plot(args, rows)
    first = next((row["second"] for row in rows if row["done"] >= args.tenants), None)
    most = {name: max(row[name] for row in rows) for name in rows[0] if name.endswith("MiB")}
    print(f"{args.tenants} tenants: all done once after {first} s; {rows[-1]['done']} runs in {rows[-1]['second']} s; at most {most}")
    return int(first is None)


if __name__ == "__main__":
    sys.exit(main())
