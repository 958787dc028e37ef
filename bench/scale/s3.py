"""An object store in place of a folder: the same objects, byte for byte, also when a worker is killed in the middle. The
store is the S3 server of moto. Started by `./dev s3`; see docs/scale.md."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile

import boto3
from botocore.exceptions import ClientError

import evidence
from cluster import HOST, Nats, Run, end, free_ports, start, wait_for

BUCKET = "evidence"
KEYS = {"AWS_ACCESS_KEY_ID": "invented", "AWS_SECRET_ACCESS_KEY": "invented-too", "AWS_REGION": "us-east-1"}


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="host-test with the feature scale")
    parser.add_argument("--server", required=True, help="nats-server 2.12 or newer")
    parser.add_argument("--tenants", type=int, default=6, help="tenants (default 6)")
    args = parser.parse_args()
    args.accounts, args.latency, args.page, args.ack_wait, args.active, args.more = args.tenants, 50, 8, 3, 2, []
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
    return process, client


def writes_over(client):
    """Whether the store lets anybody write over what is there, though told not to."""
    client.put_object(Bucket=BUCKET, Key="try", Body=b"one", IfNoneMatch="*")
    try:
        client.put_object(Bucket=BUCKET, Key="try", Body=b"two", IfNoneMatch="*")
        return True
    except ClientError:
        return False


def collect(args, folder, place=None, victim=False):
    """One run into a place, in which a worker is killed where there is to be a victim."""
    os.makedirs(folder)
    args.place = place
    broker = Nats(args.server, folder)
    run = Run(args.program, folder, broker, args)
    try:
        run.submit()
        for _ in range(2):
            run.worker()
        wait_for("the first page", 60, run.is_begun)
        if victim:
            run.workers[0].send_signal(signal.SIGKILL)
        wait_for("the end of the run", 300, run.is_done)
    finally:
        run.stop()
        broker.stop()
    return run


def objects(client, prefix):
    """Every object below a prefix, by its name there."""
    listed = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
    keys = [one["Key"] for page in listed for one in page.get("Contents", [])]
    return {key.removeprefix(f"{prefix}/"): client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = options()
    with tempfile.TemporaryDirectory(prefix="s3-") as folder:
        args.key = f"{folder}/key.pem"
        subprocess.run([args.program, "keygen", "--out", args.key], check=True, stdout=subprocess.DEVNULL)
        process, client = store(folder)
        try:
            if writes_over(client):
                print("this store writes over what is there: it is no place for evidence")
                return 1
            calm = collect(args, f"{folder}/calm")
            wrong, names = [], [f"t{number}" for number in range(args.tenants)]
            for prefix, victim in (("quiet", False), ("killed", True)):
                place = f"s3://{BUCKET}/{prefix}"
                run = collect(args, f"{folder}/{prefix}", place, victim)
                found = objects(client, prefix)
                extra = sum(evidence.calls(run.journal).values()) - sum(evidence.calls(calm.journal).values())
                for name in names:
                    wanted, _ = evidence.evidence(calm.place, name)
                    got, _ = evidence.joined(body for key, body in sorted(found.items()) if key.startswith(f"{name}/r/page-"))
                    if not wanted or got != wanted:
                        wrong.append(f"{prefix}, {name}: {len(got)} bytes of evidence, {len(wanted)} in a folder, not the same")
                wrong += [f"{prefix}, {tenant}: {why}" for tenant, why in evidence.verified(args.program, place, names, args.key)]
                print(f"{prefix}: {args.tenants} tenants, {len(found)} objects, {extra} calls more than into a folder")
            for one in wrong[:10]:
                print(f"  {one}")
            print(f"different from a folder: {len(wrong)}")
            return int(bool(wrong))
        finally:
            end(process)


if __name__ == "__main__":
    sys.exit(main())
