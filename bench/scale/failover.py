"""The proof under faults: what workers collect while they, their disks and their broker fail is what an undisturbed
run collects. Started by `./dev failover`; see docs/scale.md. Ends with 1 when anything is lost or differs."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import evidence
import network
from cluster import Nats, Run, arguments, wait_for
from faults import Crashes, Cuts


def options():
    parser = arguments(__doc__)
    parser.add_argument("--short", action="store_true", help="12 tenants, one round")
    parser.add_argument("--rounds", type=int, default=None, help="rounds, each with another seed (default 20)")
    parser.add_argument("--cuts", type=int, default=None, help="rounds in which the network is cut (default 3, short 1)")
    parser.add_argument("--cut-seconds", type=float, default=None, help="length of a cut (default 20, short 6)")
    parser.add_argument("--tenants", type=int, default=None, help="tenants (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and evidence")
    args = parser.parse_args()
    args.tenants = args.tenants or (12 if args.short else 300)
    args.rounds = (1 if args.short else 20) if args.rounds is None else args.rounds
    args.cuts = (1 if args.short else 3) if args.cuts is None else args.cuts
    args.cut_seconds = args.cut_seconds or (6 if args.short else 20)
    args.accounts, args.latency, args.page, args.ack_wait, args.more = args.tenants, 50, 8, 3, []
    # So many at once that there is work for each fault to hit.
    args.active = max(1, args.tenants // 36)
    return args


def say(text):
    print(text, flush=True)


def collect(args, folder, faults=None, net=None):
    """One run; with faults, a disturbed one. The run, what went wrong, the seconds that it took."""
    os.makedirs(folder)
    nats = Nats(args.server, folder, net and net.hosts)
    run = Run(args.program, folder, nats, args)
    run.network = net
    try:
        run.submit()
        for number in range(3):
            run.worker(nats.hosts[number])
        begin = time.time()
        wait_for("the first page", 60, run.is_begun)
        wrong = faults(run).go() if faults else []
        wait_for("the end of the run", 300 + 2 * args.tenants, run.is_done)
        return run, wrong, time.time() - begin
    finally:
        run.codes = [code for code in run.stop() if code not in (0, -signal.SIGKILL)]
        nats.stop()


def different(args, calm, run, names):
    """What is lost, each tenant once: what does not verify, or is not the evidence of the undisturbed run."""
    wrong = dict(evidence.verified(args.program, run.place, names, args.key))
    repeats = 0
    for name in names:
        (expected, _), (found, repeated) = evidence.evidence(calm.place, name), evidence.evidence(run.place, name)
        repeats += repeated
        if not expected or found != expected:
            wrong[name] = f"{len(found)} bytes of evidence, {len(expected)} in the undisturbed run, not the same"
    return [f"{name}: {why}" for name, why in wrong.items()], repeats


def too_often(args, run, faults, times, extra):
    """Tenants of which more than one page for each fault that hit them was collected twice."""
    begun, wrong = evidence.begun(run.journal), []
    for number, of_one in enumerate(times):
        # Who takes a job over, or tries again, does so within the time after which a worker counts as dead.
        hits = [fault for fault in faults if fault.begin <= of_one[-1] and begun[number] <= fault.end + args.ack_wait]
        if extra[number] > len(hits) * args.page:
            wrong.append(f"t{number}: {extra[number]} calls more than undisturbed, and {len(hits)} faults hit it")
    return wrong


def compare(args, calm, run, faults):
    """The figures of a disturbed run beside an undisturbed one, and what is wrong with it."""
    names = [f"t{number}" for number in range(args.tenants)]
    lost, repeats = different(args, calm, run, names)
    before, after = evidence.calls(calm.journal), evidence.calls(run.journal)
    extra = {account: after[account] - before[account] for account in before}
    times = [evidence.times(run.place, name) for name in names]
    wrong = list(lost)
    if run.codes:
        wrong.append(f"workers ended with {run.codes}: see their logs")
    if all(times):
        wrong += too_often(args, run, faults, times, extra)
        last = max(of_one[-1] for of_one in times)
        wrong += [f"{one.what} after everything was done: it proves nothing, take more tenants" for one in faults if one.begin > last]
    troubles = run.troubles()
    if not troubles and max(extra.values()) <= 0:
        wrong.append("no job was given back and no page collected twice: it proves nothing, take more tenants")
    longest, recovery = evidence.stalls([of_one for of_one in times if of_one], faults)
    return wrong, {
        "lost": len(lost),
        "duplicate pages": sum(-(-calls // args.page) for calls in extra.values() if calls > 0),
        "repeated records": repeats,
        "calls": sum(after.values()),
        "extra calls": sum(extra.values()),
        "most extra calls of one tenant": max(extra.values()),
        "jobs given back": troubles,
        "longest stall": longest,
        "recovery": max(recovery, default=0.0),
    }


def show(figures):
    return ", ".join(f"{name} {value:.1f} s" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items())


class Rounds:
    """Disturbed runs beside one that is not, and the sum of their figures."""

    def __init__(self, args, folder):
        self.args, self.folder, self.failures = args, folder, []
        self.calm, _, seconds = collect(args, f"{folder}/calm")
        calls = sum(evidence.calls(self.calm.journal).values())
        written = sum(len(evidence.pages(self.calm.place, f"t{number}")) for number in range(args.tenants))
        say(f"undisturbed: {args.tenants} tenants, {written} pages, {calls} calls in {seconds:.1f} s")

    def go(self, name, kinds, count, net=None):
        """So many rounds of these faults; a line of figures."""
        args, sums = self.args, {}
        for seed in range(args.seed, args.seed + count):
            at = f"{self.folder}/{name}-{seed}"
            run, faults, seconds = collect(args, at, lambda run: kinds(run, seed), net)
            wrong, figures = compare(args, self.calm, run, faults)
            self.failures += wrong
            say(f"{name}, seed {seed}, {seconds:.1f} s, {', '.join(one.what for one in faults)}: {show(figures)}")
            for one in wrong[:10]:
                say(f"  {one}")
            for figure, value in figures.items():
                is_most = isinstance(value, float) or figure.startswith("most")
                sums[figure] = max(sums.get(figure, value), value) if is_most else sums.get(figure, 0) + value
            if not wrong and not args.keep:
                shutil.rmtree(at)
        return f"{name}: {count} rounds of {args.tenants} tenants: {show(sums)}"


def main():
    # What it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    no_network = network.enter() if args.cuts else None
    if no_network:
        say(f"the network is not cut: {no_network}")
        if not args.short:
            return 1
    folder = tempfile.mkdtemp(prefix="failover-")
    args.key = f"{folder}/key.pem"
    subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
    failed = True
    try:
        net = network.Network() if args.cuts and not no_network else None
        rounds = Rounds(args, folder)
        sums = [rounds.go("crashes", Crashes, args.rounds)] if args.rounds else []
        if net:
            sums.append(rounds.go("cuts", Cuts, args.cuts, net))
        say("\n".join(sums))
        failed = bool(rounds.failures)
        return int(failed)
    finally:
        if args.keep or failed:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
