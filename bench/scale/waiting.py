"""How many tenants a broker carries that wait for tomorrow: memory, processor time, how late a job comes that is due, and what
becomes of them when a node is killed. Broker, queue, consumer and jobs are those of submit and worker; in place of a
worker's collection, each job is given back at once until its next run is due, as a worker does after it. Started by
`./dev waiting`; see docs/scale.md."""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import nats

from cluster import HOST, Host, Nats, arguments, end, free_ports, metrics, start, wait_for

TOMORROW = 24 * 3600
# Later than that, a daily run is not a daily run.
LATE = 3600


def options():
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[10_000, 100_000, 300_000, 1_000_000], help="tenants")
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 3), help="of the broker")
    parser.add_argument("--rate", type=int, default=50, help="jobs that come due in a second while it is measured (default 50)")
    parser.add_argument("--seconds", type=int, default=40, help="for which that is measured (default 40)")
    return parser.parse_args()


def used(broker):
    """Seconds of processor time and bytes of memory of all nodes."""
    ticks = pages = 0
    for node in broker.nodes:
        with open(f"/proc/{node.pid}/stat") as file:
            ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
        with open(f"/proc/{node.pid}/statm") as file:
            pages += int(file.read().split()[1])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGESIZE")


class Stub:
    """Takes jobs, and gives each back until tomorrow; but those after the first `whole` for as long as `plan` says."""

    def __init__(self, client):
        self.client, self.plan, self.whole, self.due, self.late, self.taken, self.open = client, [], 0, {}, [], 0, 0

    async def begin(self):
        self.inbox = self.client.new_inbox()
        await self.client.subscribe(self.inbox, cb=self.take)
        await self.ask()

    async def ask(self):
        self.open = 500
        wanted = json.dumps({"batch": self.open, "expires": 2_000_000_000}).encode()
        await self.client.publish("$JS.API.CONSUMER.MSG.NEXT.SOURCE_JOBS.workers", wanted, reply=self.inbox)

    async def take(self, message):
        if not message.reply:
            # The end of what was asked for: 408, or an error while there is no leader.
            return await self.ask()
        self.open -= 1
        now = time.time()
        if message.subject in self.due:
            self.late.append(now - self.due.pop(message.subject))
        else:
            self.taken += 1
        wait = TOMORROW
        if self.taken > self.whole and self.plan:
            wait = self.plan.pop()
            self.due[message.subject] = now + wait
        await self.client.publish(message.reply, b'-NAK {"delay": %d}' % int(wait * 1e9))
        if not self.open:
            await self.ask()


def submit(args, folder, url, first, last):
    """Puts tenants into the queue; seconds that it took."""
    path, words = f"{folder}/tenants.json", {"key_file": "word", "secret_file": "word"}
    with open(path, "w") as file:
        json.dump([{"name": f"tenant-{number}", "credentials": words} for number in range(first, last)], file)
    command = [args.program, "submit", "--nats", url, "--nats-replicas", str(args.nodes), "--tenants", path, "--run", "day-0"]
    begin = time.time()
    subprocess.run([*command, "--every-hours", "24"], check=True, stdout=subprocess.DEVNULL)
    return time.time() - begin


async def until(stub, what, seconds, is_so):
    end_ = time.time() + seconds
    while not is_so():
        if time.time() > end_:
            raise SystemExit(f"waiting: {what} took longer than {seconds} s; {stub.taken} taken, {len(stub.due)} due")
        await asyncio.sleep(0.05)


async def step(args, folder, broker, stub, before, tenants):
    """Adds tenants until there are so many, all of whom wait; and lets some come due."""
    fresh, lead, some = tenants - before, 10, args.rate * args.seconds
    # The last of them come due one after the other, beginning when all are asleep.
    stub.plan, stub.whole = [lead + number / args.rate for number in range(some)], tenants - some
    (busy, _), begin = used(broker), time.time()
    took = await asyncio.to_thread(submit, args, folder, broker.url, before, tenants)
    await until(stub, "to put them to sleep", 1800, lambda: stub.taken >= tenants)
    asleep, after = time.time() - begin, used(broker)
    stub.late.clear()
    await asyncio.sleep(lead)
    awake = used(broker)
    await until(stub, "to wake those that are due", 900, lambda: not stub.due)
    last, woken = used(broker), time.time() - begin - asleep - lead
    late = sorted(stub.late)
    return {
        "tenants": tenants,
        "submitted a second": fresh / took,
        "put to sleep a second": fresh / asleep,
        "broker ms of processor for one": 1000 * (after[0] - busy) / fresh,
        "broker MiB": max(after[1], last[1]) / 2**20 / args.nodes,
        "processor while some come due %": 100 * (last[0] - awake[0]) / woken,
        "late s, median": statistics.median(late),
        "late s, most": late[-1],
    }


async def restart(broker, stub):
    """A node is killed and comes back while all wait: seconds until it is well, and jobs that come early afterwards."""
    leader = broker.leader() or 0
    end(broker.nodes[leader], signal.SIGKILL)
    stub.taken, begin = 0, time.time()
    broker.up(leader)
    await until(stub, "the return of a node", 600, lambda: broker.is_up(leader))
    took = time.time() - begin
    # What was asked for before is forgotten.
    await stub.ask()
    await asyncio.sleep(20)
    return took, stub.taken


async def quiet(_):
    """A node that is killed is no news here."""


async def measure(args, folder, broker):
    servers, much = broker.url.split(","), 64 * 2**20
    client = await nats.connect(servers, max_reconnect_attempts=-1, reconnect_time_wait=0.2, pending_size=much, error_cb=quiet)
    stub, rows, before = Stub(client), [], 0
    await stub.begin()
    for tenants in args.steps:
        rows.append(await step(args, folder, broker, stub, before, tenants))
        before = tenants
        print(", ".join(f"{name} {value:,.2f}" for name, value in rows[-1].items()), flush=True)
    took, early = await restart(broker, stub)
    print(f"a node killed while {before:,} wait: well again after {took:.1f} s, jobs delivered too early {early}")
    await client.close()
    return rows


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    # In memory, as its disk would otherwise be what is measured.
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="waiting-", dir=shared) as folder:
        broker = Nats(args.server, folder, [Host()] * args.nodes)
        try:
            # A worker makes what is not there yet: the queue, and the consumer that all share.
            (port,) = free_ports(1)
            command = [args.program, "worker", "--nats", broker.url, "--nats-replicas", str(args.nodes), "--place", f"{folder}/place"]
            worker = start([*command, "--listen", f"{HOST}:{port}"], f"{folder}/worker.log")
            wait_for("the start of a worker", 60, lambda: metrics(port))
            time.sleep(3)
            end(worker)
            rows = asyncio.run(measure(args, folder, broker))
        finally:
            broker.stop()
    return int(any(row["late s, most"] > LATE for row in rows))


if __name__ == "__main__":
    sys.exit(main())
