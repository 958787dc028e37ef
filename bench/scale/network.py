"""Three hosts in network namespaces, joined by a router: what one sends to another can be dropped, each way."""

import os
import shutil
import subprocess
import sys

from cluster import Host

INSIDE = "FAILOVER_NETWORK"
COUNT = 3


def enter():
    """Starts this program again in a network of its own; a reason where that is not possible."""
    if os.environ.get(INSIDE):
        return None
    if not shutil.which("ip") or not shutil.which("unshare"):
        return "needs ip (package iproute2) and unshare (util-linux)"
    inside = ["unshare", "--map-root-user", "--net", "--mount"]
    tried = subprocess.run([*inside, "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, text=True)
    if tried.returncode:
        return f"no network namespace for this user: {tried.stderr.strip()}"
    sys.stdout.flush()
    os.execvpe(inside[0], [*inside, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Network:
    """The router is where this program runs. Each host has a link to it."""

    def __init__(self):
        # Where names of namespaces are kept, visible to this program alone.
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write("1")
        ip("link", "set", "lo", "up")
        self.hosts = [self.host(number) for number in range(COUNT)]

    def host(self, number):
        name, link, address = f"host{number}", f"link{number}", f"10.77.{number}.2"
        ip("netns", "add", name)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"10.77.{number}.1/24", "dev", link)
        ip("link", "set", link, "up")
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "route", "add", "default", "via", f"10.77.{number}.1")
        return Host(address, name)

    def drop(self, sender, receiver, do="add"):
        """Drops without a word what one host sends to another; `del` ends that."""
        hosts = self.hosts
        ip("rule", do, "from", hosts[sender].address, "to", hosts[receiver].address, "blackhole")

    def cut(self, number, deaf=True, do="add"):
        """Cuts a host off from the other two; one that is not deaf still hears them."""
        for other in set(range(COUNT)) - {number}:
            self.drop(number, other, do)
            if deaf:
                self.drop(other, number, do)

    def heal(self, number, deaf=True):
        self.cut(number, deaf, "del")
