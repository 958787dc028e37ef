"""Three NATS nodes, three workers and a simulated vendor on this machine, to look at. Started by `./dev scale`; see
docs/scale.md. Collects all tenants, shows how far they are, and what to ask next; with --stay, stays until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

from cluster import Nats, Run, arguments, free_ports

WORKERS = 3


def options():
    parser = arguments(__doc__)
    parser.add_argument("--out", default=time.strftime("scale-%Y%m%d-%H%M%S"), help="folder for everything (default scale-DATE)")
    parser.add_argument("--tenants", type=int, default=30, help="simulated tenants (default 30)")
    parser.add_argument("--stay", action="store_true", help="keep everything running until Ctrl-C")
    args = parser.parse_args()
    args.accounts, args.latency, args.page, args.ack_wait = args.tenants, 50, 100, 30
    args.active, args.more = 8, []
    args.key = f"{args.out}/key.pem"
    return args


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    if os.path.exists(args.out):
        sys.exit(f"{args.out} is there already: name another --out")
    os.makedirs(args.out)
    subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
    nats = Nats(args.server, args.out)
    run = Run(args.program, args.out, nats, args)
    try:
        for port in free_ports(WORKERS):
            args.more = ["--listen", f"127.0.0.1:{port}"]
            run.worker()
            print(f"worker {run.started}: http://127.0.0.1:{port}/healthz and /metrics; log {args.out}/w{run.started}.log")
        run.submit()
        while not run.is_done():
            subprocess.run([args.program, "watch", "--nats", nats.url, "--once"], check=False)
            time.sleep(2)
        code = subprocess.run([args.program, "watch", "--nats", nats.url, "--once"], check=False).returncode
        print(f"verify one:   {args.program} verify {args.out}/place/t0/r --public-key {args.key}.pub")
        print(f"a page of it: {args.program} report {args.out}/place/t0/r --out t0.html")
        if args.stay:
            print(f"the broker:   {args.program} watch --nats {nats.url}  (Ctrl-C here stops everything)", flush=True)
            signal.pause()
        return code
    except KeyboardInterrupt:
        return 130
    finally:
        run.stop()
        nats.stop()


if __name__ == "__main__":
    sys.exit(main())
