"""The processes of the peers (peers/worker.py), one for each, started when a case first needs it."""
from __future__ import annotations

import dataclasses
import json
import pathlib
import select
import subprocess

from ours import Failed
from peers import PEERS

WORKER = pathlib.Path(__file__).resolve().parent / "peers" / "worker.py"
PATIENCE_S = 600  #: compiling takes half a minute; a peer that says nothing for so long is given up


class Peer:
    def __init__(self, name, python, where):
        self.name = name
        self.log = (where.place / f"{PEERS[name]}.log").open("w+")
        self.process = subprocess.Popen([str(python), str(WORKER), PEERS[name], str(where.core)], env=where.environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        try:
            first = self.answer()
        except Failed as error:
            first = {"missing": str(error)}
        self.about, self.missing = first.get("about"), first.get("missing")

    def answer(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.close()
            raise Failed(f"{self.name} {'ended' if ready else 'did not answer'}: {self.last_words()}")
        return json.loads(line)

    def last_words(self):
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return lines[-1][:200] if lines else "without a word"

    def ask(self, **request):
        if self.missing:
            raise Failed(f"not installed: {self.missing}")
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended: {self.last_words()}")
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        if "error" in answer:
            raise Failed(f"{self.name}: {answer['error']}")
        return answer

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Peers:
    def __init__(self, python, where):
        self.python, self.where, self.all = python, where, {}

    def get(self, name):
        if name not in self.all:
            self.all[name] = Peer(name, self.python, self.where)
        return self.all[name]

    def forget(self):
        """Lets go of what was prepared for the last bench."""
        for peer in self.all.values():
            if peer.process.poll() is None and not peer.missing:
                peer.ask(forget=True)

    def installed(self):
        """Every peer that was asked: what it is, or why it is not here."""
        return {name: peer.about if not peer.missing else f"not installed: {peer.missing}" for name, peer in self.all.items()}

    def close(self):
        for peer in self.all.values():
            peer.close()


@dataclasses.dataclass(frozen=True)
class Request:
    """One job of a peer, as a step of a round."""

    peers: Peers
    peer: str
    side: str
    job: str
    sizes: dict
    least_s: float = 0.15
    most: int = 50

    @property
    def sides(self):
        return frozenset((self.side,))

    def run(self, _):
        answer = self.peers.get(self.peer).ask(job=self.job, sizes=self.sizes, least_s=self.least_s, most=self.most)
        return {self.side: answer}
