"""The proof under faults: what workers collect while they, their disks and their broker fail is what an undisturbed
run collects. Started by `./dev failover`; see docs/scale.md. Ends with 1 when anything is lost or differs."""

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import evidence
from cluster import Nats, Run, wait_for

FAULTS = ["a worker killed", "a worker stopped past its ack wait", "the leader killed", "a disk full"]


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="host-test with the feature scale")
    parser.add_argument("--server", required=True, help="nats-server 2.12 or newer")
    parser.add_argument("--short", action="store_true", help="12 tenants, one round")
    parser.add_argument("--rounds", type=int, default=None, help="rounds, each with another seed (default 20)")
    parser.add_argument("--tenants", type=int, default=None, help="tenants (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and evidence")
    args = parser.parse_args()
    args.tenants = args.tenants or (12 if args.short else 300)
    args.rounds = args.rounds or (1 if args.short else 20)
    args.accounts, args.latency, args.page, args.ack_wait, args.more = args.tenants, 50, 8, 3, []
    # So many at once that there is work for each fault to hit.
    args.active = max(1, args.tenants // 36)
    return args


def say(text):
    print(text, flush=True)


class Round:
    """Faults in a run, in an order and at times that the seed says."""

    def __init__(self, run, dice):
        self.run, self.dice, self.log = run, dice, []
        self.workers = list(run.workers)

    def note(self, what):
        self.log.append((what, time.time()))

    def pick(self):
        """One of the first three workers: each has one fault, and is at work since the beginning."""
        return self.workers.pop(self.dice.randrange(len(self.workers)))

    def kill_worker(self):
        victim = self.pick()
        self.note(FAULTS[0])
        victim.kill()
        victim.wait()
        self.run.worker()

    def stop_worker(self):
        victim = self.pick()
        self.note(FAULTS[1])
        victim.send_signal(signal.SIGSTOP)
        time.sleep(2 * self.run.options.ack_wait + self.dice.random())
        victim.send_signal(signal.SIGCONT)

    def kill_leader(self):
        nats = self.run.nats
        leader = wait_for("a leader of the queue", 60, lambda: (nats.leader() is not None) and [nats.leader()])[0]
        self.note(FAULTS[2])
        nats.nodes[leader].kill()
        nats.nodes[leader].wait()
        time.sleep(3 + self.dice.random())
        nats.up(leader)

    def fill_disk(self):
        victim = self.pick()
        self.note(FAULTS[3])
        _, hard = resource.prlimit(victim.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (0, hard))
        time.sleep(3 + self.dice.random())
        resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (hard, hard))

    def go(self):
        faults = [self.kill_worker, self.stop_worker, self.kill_leader, self.fill_disk]
        self.dice.shuffle(faults)
        for fault in faults:
            time.sleep(0.3 + self.dice.random())
            fault()


def collect(args, folder, dice):
    """One run; with dice, a disturbed one. The run, the faults, the seconds that it took."""
    os.makedirs(folder)
    nats = Nats(args.server, folder)
    run = Run(args.program, folder, nats, args)
    try:
        run.submit()
        for _ in range(3):
            run.worker()
        begin = time.time()
        wait_for("the first page", 60, lambda: os.path.isdir(run.place) and os.listdir(run.place))
        faults = []
        if dice:
            one = Round(run, dice)
            one.go()
            faults = one.log
        wait_for("the end of the run", 120 + 2 * args.tenants, run.is_done)
        return run, faults, time.time() - begin
    finally:
        codes = run.stop()
        nats.stop()
        if any(code not in (0, -signal.SIGKILL) for code in codes):
            say(f"workers ended with {codes}: see their logs in {folder}")


def compare(args, calm, run, faults):
    """The figures of a disturbed run beside an undisturbed one, and what is wrong with it."""
    names = [f"t{number}" for number in range(args.tenants)]
    wrong = evidence.verified(args.program, run.place, names, args.key)
    lost, repeats = len(wrong), 0
    for name in names:
        (expected, _), (found, repeated) = evidence.evidence(calm.place, name), evidence.evidence(run.place, name)
        repeats += repeated
        if not expected or found != expected:
            lost += 1
            wrong.append(f"{name}: {len(found)} bytes of evidence, {len(expected)} in the undisturbed run, not the same")
    before, after = evidence.calls(calm.journal), evidence.calls(run.journal)
    extra = {account: after[account] - before[account] for account in before}
    times = [evidence.times(run.place, name) for name in names]
    longest, recovery = evidence.stalls(times, faults)
    last = max(at for of_one in times for at in of_one)
    late = [what for what, at in faults if at > last]
    wrong += [f"{what} after everything was done: it proves nothing, take more tenants" for what in late]
    # Each fault interrupts a tenant once, and one page of it is collected twice.
    most = max(extra.values())
    troubles = run.troubles()
    if not troubles:
        wrong.append("no worker met a full disk: it proves nothing, take more tenants")
    if most > len(FAULTS) * args.page:
        wrong.append(f"{most} calls of one tenant more than undisturbed: more than a page for each fault")
    return wrong, {
        "lost": lost,
        "duplicate pages": sum(-(-calls // args.page) for calls in extra.values() if calls > 0),
        "repeated records": repeats,
        "calls": sum(after.values()),
        "extra calls": sum(extra.values()),
        "most extra calls of one tenant": most,
        "jobs given back": troubles,
        "longest stall": longest,
        "recovery": max(recovery, default=0.0),
    }


def show(figures):
    return ", ".join(f"{name} {value:.1f} s" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())


def main():
    args = options()
    folder = tempfile.mkdtemp(prefix="failover-")
    failures, sums = [], {}
    args.key = f"{folder}/key.pem"
    subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
    try:
        calm, _, seconds = collect(args, f"{folder}/calm", None)
        calls = sum(evidence.calls(calm.journal).values())
        written = sum(len(evidence.pages(calm.place, f"t{number}")) for number in range(args.tenants))
        say(f"undisturbed: {args.tenants} tenants, {written} pages, {calls} calls in {seconds:.1f} s")
        for number in range(args.rounds):
            seed = args.seed + number
            at = f"{folder}/round-{seed}"
            run, faults, seconds = collect(args, at, random.Random(seed))
            wrong, figures = compare(args, calm, run, faults)
            failures += wrong
            say(f"round {number + 1} of {args.rounds}, seed {seed}, {seconds:.1f} s: {show(figures)}")
            for one in wrong[:10]:
                say(f"  {one}")
            for name, value in figures.items():
                is_most = isinstance(value, float) or name.startswith("most")
                sums[name] = max(sums.get(name, value), value) if is_most else sums.get(name, 0) + value
            if not wrong and not args.keep:
                shutil.rmtree(at)
        say(f"{args.rounds} rounds of {args.tenants} tenants, {len(FAULTS)} faults each: {show(sums)}")
        return 1 if failures else 0
    finally:
        if args.keep or failures or sys.exc_info()[0]:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
