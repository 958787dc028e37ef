"""Processes of a run on this machine: NATS nodes, the simulator, workers."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

CLOCK = "2026-01-01T00:00:00Z"
HOST = "127.0.0.1"


def arguments(about):
    """What every program here takes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--program", required=True, help="host-test with the feature scale")
    parser.add_argument("--server", required=True, help="nats-server 2.12 or newer")
    return parser


def free_ports(count):
    """Ports that nobody listens on; all are held until the last is found, so that no two are the same."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_for(what, seconds, ask):
    """Asks until the answer is true; the answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise SystemExit(f"{os.path.basename(sys.argv[0])}: {what} took longer than {seconds} s")


def start(command, log, **more):
    # What is ignored here stays ignored there: SIGXFSZ, so that a full disk is an error and not the end.
    with open(log, "ab") as out:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, restore_signals=False, start_new_session=True, **more
        )


def end(process, how=signal.SIGTERM, seconds=60):
    """Ends a process that was started here; its code, or None where it had to be killed."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


class Host:
    """Where a node and workers run: this machine, unless a name of a network namespace and its address are given."""

    def __init__(self, address=HOST, namespace=None):
        self.address = address
        self.enter = ["ip", "netns", "exec", namespace] if namespace else []


class Nats:
    """Three nodes, each with all of the data; or as many as there are hosts."""

    def __init__(self, server, folder, hosts=None):
        self.server, self.folder, self.hosts = server, folder, hosts or [Host()] * 3
        self.size = len(self.hosts)
        ports = free_ports(3 * self.size)
        self.clients, self.routes, self.monitors = (ports[kind :: 3] for kind in range(3))
        self.url = ",".join(f"nats://{host.address}:{port}" for host, port in zip(self.hosts, self.clients))
        self.nodes = [None] * self.size
        for number in range(self.size):
            self.up(number)
        wait_for("the start of the NATS nodes", 60, lambda: all(self.is_up(number) for number in range(self.size)))

    def up(self, number):
        host = self.hosts[number]
        command = [*host.enter, self.server, "-js", "-sd", f"{self.folder}/nats-{number}", "-n", f"node-{number}", "-a", host.address]
        command += ["-p", str(self.clients[number]), "-m", str(self.monitors[number])]
        if self.size > 1:
            routes = ",".join(f"nats://{host.address}:{port}" for host, port in zip(self.hosts, self.routes))
            command += ["--cluster_name", "failover", "--cluster", f"nats://{host.address}:{self.routes[number]}", "--routes", routes]
        self.nodes[number] = start(command, f"{self.folder}/nats-{number}.log")

    def ask(self, number, path):
        try:
            with urllib.request.urlopen(f"http://{self.hosts[number].address}:{self.monitors[number]}{path}", timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return {}

    def is_up(self, number):
        has_leader = self.size == 1 or self.ask(number, "/jsz").get("meta_cluster", {}).get("leader")
        return has_leader and self.ask(number, "/healthz").get("status") == "ok"

    def leader(self, stream="SOURCE_JOBS"):
        """Number of the node that leads the stream of jobs; None while there is none."""
        for number in range(self.size):
            if self.nodes[number].poll() is not None:
                continue
            for account in self.ask(number, "/jsz?streams=true").get("account_details", []):
                for one in account.get("stream_detail", []):
                    name = one.get("cluster", {}).get("leader", "")
                    if one["name"] == stream and name.startswith("node-"):
                        return int(name.removeprefix("node-"))
        return None

    def stop(self):
        for node in self.nodes:
            end(node, signal.SIGKILL)


class Run:
    """A simulator, workers, and the tenants that they collect, in one folder."""

    def __init__(self, program, folder, nats, options):
        self.program, self.folder, self.nats, self.options = program, folder, nats, options
        self.place, self.journal = getattr(options, "place", None) or f"{folder}/place", f"{folder}/requests"
        self.started, self.workers = 0, []
        os.makedirs(folder, exist_ok=True)
        (port,) = free_ports(1)
        self.upstream = f"http://{HOST}:{port}"
        # One for each host, with the same accounts: credentials go unencrypted to the same machine only.
        self.simulators = [self.simulator(*one, port) for one in enumerate({host.address: host for host in nats.hosts}.values())]
        self.tenants()

    def simulator(self, number, host, port):
        options = self.options
        command = [*host.enter, self.program, "simulate", "--listen", f"{HOST}:{port}", "--sim-accounts", str(options.accounts)]
        command += ["--sim-latency-ms", str(options.latency), "--request-log", f"{self.journal}-{number}"]
        command += ["--sim-users", "6", "--sim-teams", "2", "--sim-groups", "2", "--sim-connections", "6"]
        log = f"{self.folder}/simulator-{number}.log"
        process = start(command, log)
        wait_for("the start of the simulator", 60, lambda: "stop with" in read(log))
        return process

    def tenants(self):
        def secret(name, text):
            with open(f"{self.folder}/{name}", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(text)
            return name

        tenants = []
        shared = secret("secret", "simulated-secret-that-opens-nothing")
        for number in range(self.options.tenants):
            account = number % self.options.accounts
            key = secret(f"key-{account}", f"simulated-key-{account}" if account else "simulated-key")
            credentials = {"key_file": key, "secret_file": shared}
            tenants.append({"name": f"t{number}", "account": f"a{account}", "credentials": credentials})
        with open(f"{self.folder}/tenants.json", "w") as file:
            json.dump(tenants, file)

    def queue(self):
        return ["--nats", self.nats.url, "--nats-replicas", str(self.nats.size)]

    def submit(self):
        command = [self.program, "submit", *self.queue(), "--tenants", f"{self.folder}/tenants.json", "--run", "r"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)

    def worker(self, host=None):
        """Starts one more worker, on a host where one is named."""
        self.started += 1
        command = [*(host or Host()).enter, self.program, "worker", *self.queue(), "--place", self.place, "--folder", self.folder]
        command += ["--name", f"w{self.started}", "--upstream", self.upstream, "--fixed-clock", CLOCK]
        command += ["--active", str(self.options.active), "--concurrency", "1", "--ack-wait-seconds", str(self.options.ack_wait)]
        command += ["--max-requests-per-page", str(self.options.page), "--max-milliseconds-per-page", "60000"]
        process = start([*command, "--signing-key", self.options.key, *self.options.more], f"{self.folder}/w{self.started}.log")
        self.workers.append(process)
        return process

    def are_up(self):
        """True; ends the program when a worker has ended."""
        for number, worker in enumerate(self.workers, 1):
            if worker.poll() is not None:
                raise SystemExit(f"{os.path.basename(sys.argv[0])}: a worker ended: {read(f'{self.folder}/w{number}.log').strip()}")
        return True

    def is_begun(self):
        """Whether a page is written and every worker is at work: the others alone have fewer tenants under way."""
        told, others = self.watch(), (len(self.workers) - 1) * self.options.active
        return self.are_up() and told.get("pages", 0) > 0 and told.get("tenants", 0) > others

    def watch(self):
        """What the broker knows of the tenants; nothing while it does not answer."""
        command = [self.program, "watch", "--nats", self.nats.url, "--once", "--format", "json"]
        try:
            told = subprocess.run(command, capture_output=True, text=True, timeout=20)
            return json.loads(told.stdout)
        except (ValueError, subprocess.TimeoutExpired):
            return {}

    def is_done(self):
        told = self.watch()
        ended = told.get("complete", 0) + told.get("incomplete", 0) + len(told.get("failed", {}))
        return ended >= self.options.tenants

    def troubles(self):
        """Jobs that workers gave back, as each says at its end, or at least as those say that came to none."""
        told = 0
        for number in range(1, self.started + 1):
            log = read(f"{self.folder}/w{number}.log")
            sums = re.findall(r"(\d+) jobs? given back in trouble", log)
            told += int(sums[-1]) if sums else log.count(" was given back: ")
        return told

    def stop(self):
        codes = [end(worker) for worker in self.workers]
        for simulator in self.simulators:
            end(simulator)
        return codes


def metrics(port):
    """What a worker tells at /metrics, by name; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
            lines = [line.rpartition(" ") for line in answer.read().decode().splitlines() if not line.startswith("#")]
    except OSError:
        return {}
    return {name.removeprefix("source_worker_"): float(value) for name, _, value in lines if "{" not in name}


def read(path):
    with open(path) as file:
        return file.read()
