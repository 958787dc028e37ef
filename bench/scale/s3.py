"""An object store in place of a folder: the same objects, byte for byte apart from times, also when one worker is killed in
the middle and another is stopped past its ack wait, whose page the store then refuses. The store is the S3 server of moto.
Started by `./dev s3`; see docs/scale.md."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.exceptions import ClientError

import evidence
from cluster import HOST, Nats, Run, arguments, end, free_ports, read, start, wait_for

BUCKET = "evidence"
# What differs between any two runs: when each request was sent, and at which port; and so how long the journal is, and its digests.
TIMES = re.compile(
    rb'"(at|started_at|updated_at)": ?"[^"]+"|"journal_head": ?"[^"]+"|"journal_bytes": ?[0-9]+|http://127\.0\.0\.1:[0-9]+'
)
DIGESTS = re.compile(rb'"digest": \{\s*"sha256": "[0-9a-f]+"\s*\},\s*"name": "(journal.jsonl|manifest.json)"')
KEYS = {"AWS_ACCESS_KEY_ID": "invented", "AWS_SECRET_ACCESS_KEY": "invented-too", "AWS_REGION": "us-east-1"}


def options():
    parser = arguments(__doc__)
    parser.add_argument("--tenants", type=int, default=4, help="tenants (default 4)")
    args = parser.parse_args()
    # Two workers have all of them at once: so each of the two is in the middle of pages when it is hit.
    args.accounts, args.latency, args.page, args.ack_wait, args.active, args.more = args.tenants, 100, 8, 3, -(-args.tenants // 2), []
    return args


def store(folder):
    """A server with an empty bucket; the process and a client of it."""
    (port,) = free_ports(1)
    url = f"http://{HOST}:{port}"
    os.environ.update(KEYS, AWS_ENDPOINT=url, AWS_ALLOW_HTTP="true")
    moto = os.path.join(os.path.dirname(sys.executable), "moto_server")
    process = start([moto, "-H", HOST, "-p", str(port)], f"{folder}/moto.log")
    client = boto3.client("s3", endpoint_url=url, region_name=KEYS["AWS_REGION"])

    def is_up():
        try:
            return client.create_bucket(Bucket=BUCKET)
        except Exception:  # nobody listens yet
            return None

    wait_for("the start of moto", 60, is_up)
    # So that what is written over leaves a trace.
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return process, client


def writes_over(client):
    """Whether the store lets anybody write over what is there, though told not to."""
    client.put_object(Bucket=BUCKET, Key="try", Body=b"one", IfNoneMatch="*")
    try:
        client.put_object(Bucket=BUCKET, Key="try", Body=b"two", IfNoneMatch="*")
        return True
    except ClientError:
        return False


def collect(args, folder, place=None, disturb=False):
    """One run into a place, undisturbed or not; and how many pages a worker found written by another."""
    os.makedirs(folder)
    args.place = place
    broker = Nats(args.server, folder)
    run = Run(args.program, folder, broker, args)
    try:
        run.submit()
        for _ in range(2):
            run.worker()
        wait_for("the first page", 60, run.is_begun)
        if disturb:
            killed, stopped = run.workers
            # All began at once, and write their pages at once: here each is in the middle of one.
            time.sleep(args.page * args.latency / 2000)
            killed.kill()
            stopped.send_signal(signal.SIGSTOP)
            # Two, as there are the tenants of two to be taken over.
            run.worker()
            run.worker()
            time.sleep(3 * args.ack_wait)
            stopped.send_signal(signal.SIGCONT)
        wait_for("the end of the run", 300, run.is_done)
    finally:
        run.stop()
        broker.stop()
    logs = [read(f"{folder}/w{number}.log") for number in range(1, run.started + 1)]
    return run, sum(int(count) for log in logs for count in re.findall(r"\((\d+) collected twice", log))


def files(place):
    """Every object of a folder, by its name; those by which a worker tries a place are none of a collection."""
    paths = [os.path.join(at, name) for at, _, names in os.walk(place) for name in names]
    return {os.path.relpath(path, place): open(path, "rb").read() for path in paths if "/.probe-" not in path}


def objects(client, prefix):
    """Every object below a prefix, by its name there; and the names of those that were written over."""
    listed = client.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    keys = [one["Key"] for page in listed for one in page.get("Versions", []) if "/.probe-" not in one["Key"]]
    over = sorted(key for key in set(keys) if keys.count(key) > 1)
    return {key.removeprefix(f"{prefix}/"): client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in set(keys)}, over


def timeless(name, body):
    """An object without what differs between any two runs. A signature is of such things only, and is verified instead."""
    if name.endswith("seal.dsse.json"):
        return b""
    return DIGESTS.sub(b"", TIMES.sub(b"", body))


def different(wanted, found):
    """Names of objects that are not the same in both."""
    return sorted(
        name
        for name in wanted.keys() | found.keys()
        if name not in wanted or name not in found or timeless(name, wanted[name]) != timeless(name, found[name])
    )


def compare(args, client, calm, prefix, disturb):
    """What is wrong with a run into the store."""
    place, names = f"s3://{BUCKET}/{prefix}", [f"t{number}" for number in range(args.tenants)]
    run, refused = collect(args, f"{args.folder}/{prefix}", place, disturb)
    (found, over), wanted = objects(client, prefix), files(calm.place)
    extra = sum(evidence.calls(run.journal).values()) - sum(evidence.calls(calm.journal).values())
    size = sum(map(len, found.values()))
    print(f"{prefix}: {args.tenants} tenants, {len(found)} objects, {size:,} bytes, {refused} writes refused, {extra} calls more than into a folder")
    wrong = [f"{name} differs from that in a folder" for name in different(wanted, found)]
    wrong += [f"{name} was written over" for name in over]
    wrong += [f"{tenant}: {why}" for tenant, why in evidence.verified(args.program, place, names, args.key)]
    if disturb and not refused:
        wrong.append("no write was refused: it proves nothing, repeat it")
    if not wanted:
        wrong.append("nothing was written into the folder")
    return [f"{prefix}: {one}" for one in wrong]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    with tempfile.TemporaryDirectory(prefix="s3-") as folder:
        args.folder, args.key = folder, f"{folder}/key.pem"
        subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
        process, client = store(folder)
        try:
            if writes_over(client):
                print("this store writes over what is there: it is no place for evidence")
                return 1
            calm, _ = collect(args, f"{folder}/calm")
            wrong = compare(args, client, calm, "quiet", False) + compare(args, client, calm, "disturbed", True)
            for one in wrong[:10]:
                print(f"  {one}")
            print(f"different from a folder: {len(wrong)}")
            return int(bool(wrong))
        finally:
            end(process)


if __name__ == "__main__":
    sys.exit(main())
