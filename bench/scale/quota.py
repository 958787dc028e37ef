"""The share of one account over several workers, on a clock that runs faster: no window of the simulator's own journal
sees more requests than the share, also when a worker dies with a reservation. Started by `./dev quota`; see
docs/scale.md. An hour is 60 s here: what is counted and when it is forgotten is the same, only the length differs."""

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
import tempfile
import time

import nats

import evidence
from cluster import Nats, Run, arguments, wait_for

ACCOUNT = "a0"


def options():
    parser = arguments(__doc__)
    parser.add_argument("--share", type=int, default=100, help="requests in a window (default 100)")
    parser.add_argument("--window", type=int, default=60, help="seconds of a window (default 60)")
    parser.add_argument("--windows", type=int, default=6, help="for so many windows (default 6)")
    args = parser.parse_args()
    args.tenants, args.accounts, args.latency, args.page, args.ack_wait, args.active = 6, 1, 50, 30, 3, 2
    args.more = ["--requests-per-hour", str(args.share), "--hour-seconds", str(args.window)]
    return args


async def holders(server):
    """Names of those who hold a reservation of the account, as the broker has them."""
    client = await nats.connect(server.split(","))
    try:
        bucket = await client.jetstream().key_value("source-quotas")
        entry = await bucket.get(hashlib.sha256(ACCOUNT.encode()).hexdigest())
        return list(json.loads(entry.value)["reserved"])
    except nats.js.errors.KeyNotFoundError:
        return []
    finally:
        await client.close()


def main():
    args = options()
    with tempfile.TemporaryDirectory(prefix="quota-") as folder:
        args.key = f"{folder}/key.pem"
        subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
        broker = Nats(args.server, folder)
        run = Run(args.program, folder, broker, args)
        try:
            run.submit()
            first, _ = run.worker(), run.worker()
            wait_for("a page", 60, run.is_begun)
            # Killed in the middle of a page: nobody settles what it has reserved.
            first.send_signal(signal.SIGSTOP)
            patience = time.time() + 120
            while not any(name.startswith("w1/") for name in asyncio.run(holders(broker.url))):
                if time.time() > patience:
                    sys.exit("quota: no reservation of a worker was met in 120 s: it proves nothing")
                first.send_signal(signal.SIGCONT)
                time.sleep(0.2)
                first.send_signal(signal.SIGSTOP)
            held = asyncio.run(holders(broker.url))
            first.kill()
            killed = time.time()
            run.worker()
            time.sleep(args.windows * args.window)
        finally:
            run.stop()
            broker.stop()
        most = evidence.most_in_a_window(run.journal, args.window * 1000)
        after = sum(at / 1000 > killed + args.window for at, _ in evidence.requests(run.journal))
        total = sum(evidence.calls(run.journal).values())
        print(f"reservations when a worker was killed: {', '.join(held)}")
        print(f"share {args.share} in {args.window} s, {args.windows} windows, {total} requests, {after} of them more than a window after the kill")
        print(f"most in any window: {most}")
        if most > args.share or after == 0:
            print("the share was exceeded" if after else "nothing came after the kill: it proves nothing")
            return 1
        return 0


if __name__ == "__main__":
    sys.exit(main())
