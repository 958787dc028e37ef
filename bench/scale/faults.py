"""What goes wrong in a round, in an order and at times that a seed says."""

import random
import resource
import signal
import time
from dataclasses import dataclass

from cluster import wait_for


@dataclass
class Fault:
    """What went wrong, from when to when: seconds since 1970."""

    what: str
    begin: float
    end: float


class Faults:
    """Each goes wrong once; those that hit a worker each hit another of the first three."""

    def __init__(self, run, seed):
        self.run, self.dice, self.log = run, random.Random(seed), []
        self.workers = list(run.workers)

    def go(self):
        kinds = self.kinds()
        self.dice.shuffle(kinds)
        for what, go_wrong in kinds:
            time.sleep(0.3 + self.dice.random())
            begin = time.time()
            go_wrong()
            self.log.append(Fault(what, begin, time.time()))
        return self.log

    def leader(self):
        nats = self.run.nats
        return wait_for("a leader of the queue", 60, lambda: (nats.leader() is not None) and [nats.leader()])[0]


class Crashes(Faults):
    """Of workers, disks and nodes."""

    def kinds(self):
        return [
            ("a worker killed", self.kill_worker),
            ("a worker stopped past its ack wait", self.stop_worker),
            ("the leader killed", self.kill_leader),
            ("a disk full", self.fill_disk),
        ]

    def pick(self):
        return self.workers.pop(self.dice.randrange(len(self.workers)))

    def kill_worker(self):
        victim = self.pick()
        victim.kill()
        victim.wait()
        self.run.worker()

    def stop_worker(self):
        victim = self.pick()
        victim.send_signal(signal.SIGSTOP)
        time.sleep(2 * self.run.options.ack_wait + self.dice.random())
        victim.send_signal(signal.SIGCONT)

    def kill_leader(self):
        nats, leader = self.run.nats, self.leader()
        nats.nodes[leader].kill()
        nats.nodes[leader].wait()
        time.sleep(3 + self.dice.random())
        nats.up(leader)

    def fill_disk(self):
        """No byte more can be written by this worker, as on a full disk: the error is EFBIG instead of ENOSPC."""
        victim = self.pick()
        _, hard = resource.prlimit(victim.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (0, hard))
        time.sleep(3 + self.dice.random())
        resource.prlimit(victim.pid, resource.RLIMIT_FSIZE, (hard, hard))


class Cuts(Faults):
    """Of the network between the hosts: each has a node and a worker."""

    def kinds(self):
        return [
            ("the leader's host cut off", lambda: self.cut(self.leader())),
            ("another host cut off", lambda: self.cut((self.leader() + 1 + self.dice.randrange(2)) % 3)),
            ("nothing comes from the leader's host", lambda: self.cut(self.leader(), deaf=False)),
        ]

    def cut(self, number, deaf=True):
        network = self.run.network
        network.cut(number, deaf)
        time.sleep(self.run.options.cut_seconds)
        network.heal(number, deaf)
        # The next one cuts a cluster that is whole again, and not two hosts at once.
        self.leader()
        time.sleep(3)
