"""A process that runs one peer on one core:

    python worker.py MODULE CORE

It answers each line of standard input, JSON, by one of standard output: {"job", "sizes", "least_s", "most"} by the seconds of
repeated calls, {"forget": true} by dropping what was prepared. What libraries print goes to standard error."""
import importlib
import json
import os
import sys
import time
import traceback

WARM_S = 0.2  #: a call that is shorter is made once more before it counts, so that the other side's data are out of the caches


def timed(call, least_s, most):
    """Wall and processor seconds of calls: as many as take least_s together, one at least, `most` at most."""
    wall, cpu = [], []
    while not wall or (sum(wall) < least_s and len(wall) < most):
        start, busy = time.perf_counter(), time.process_time()
        own = call()
        wall.append(own if isinstance(own, float) else time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    return wall, cpu


class Worker:
    def __init__(self, module):
        self.module, self.prepared = module, {}

    def answer(self, request):
        if request.get("forget"):
            self.prepared.clear()
            return {}
        key = json.dumps([request["job"], request["sizes"]], sort_keys=True)
        if key not in self.prepared:
            call = self.module.JOBS[request["job"]](**request["sizes"])
            start = time.perf_counter()
            call()  # compiles, touches memory
            self.prepared[key] = [call, time.perf_counter() - start]
        call, last_s = self.prepared[key]
        if last_s < WARM_S:
            call()
        wall, cpu = timed(call, request["least_s"], request["most"])
        self.prepared[key][1] = min(wall)
        return {"seconds": wall, "cpu": cpu}


def main():
    name, core = sys.argv[1], int(sys.argv[2])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def say(answer):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from peers import Missing
    try:
        module = importlib.import_module(f"peers.{name}")
        say({"about": module.about()})
    except (ImportError, Missing) as missing:
        say({"missing": str(missing)})
        return
    worker = Worker(module)
    for line in sys.stdin:
        try:
            say(worker.answer(json.loads(line)))
        except Exception as error:  # of a peer: the case is given up, and says why
            traceback.print_exc()
            text = (str(error).splitlines() or [""])[0]
            say({"error": f"{type(error).__name__}: {text}"[:300]})


if __name__ == "__main__":
    main()
