"""Every fault in the path of a team, on every rank: team_faults.py [all]. Sites are read from the sources.

A fault of a point is that point's alone: it is failed in the file with its message, the exit code is 1, all other points
have the bits of an undisturbed run. A fault of the store or of the launch ends the job with 3. Nothing hangs, every rank
leaves with the same code, one message is printed, and running again makes the file whole. A fault that is not met on
this rank, or not so often, changes nothing. Without `all` each site takes its turn on a rank or two, and faults that are
a point's come together, many in a run.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
PROGRAM = os.environ["POLYSWEEP_BUILD"] + "/polysweep"
sys.path.insert(0, str(SOURCE / "tests/e2e"))
import bits  # noqa: E402

RANKS = 4
LONGEST_S = 40  # an undisturbed run takes one or two, beside others
POINT, JOB = 1, 3  # exit codes
# Rooms and sites whose failure may end otherwise than with a failed point that carries the site's own message.
CODES = {"store": [JOB], "comm": [JOB], "sweep": [JOB], "arena": [POINT, JOB],  # an arena is also what rates are measured in
         "store.rows": [POINT]}  # rows are one point's
STATUS = {"arena.create": "skipped"}
# of a point that fails (resources.sh), of merge, --extend and pack, of trials that stop, of searches after --extend (their own tests): not met
# by a plain run
ELSEWHERE = {"store.failure", "store.copy", "store.replace", "store.pack", "compute.block", "store.asked"}
MESSAGE = {"dist.message": "a message between the ranks of a team failed"}

STUDY = """
schema: 1
study: teams
seed: 3
data: {DATA}
methods:
  - exact
  - softmax
  - polysketch: {r: 8, draws: 2}
  - tree: {features: 16, draws: 2}
grid: {mask: [full, causal], team: [1, 2, 3, 4], n: 144, d: 10, block: 32, beta: BETA}
judge: {m: 8, trials: 10}
output: {keep: [rows]}
"""
# What a search alone does.
SEARCH_SITES = {"comm.pool", "sweep.round", "store.edges"}
SEARCH = """
schema: 1
study: search
data: {preset: W1}
methods: [exact]
grid: {team: [1, 2, 3, 4], n: 64, d: 18, block: 16, beta: {from: 1, to: 40, step: 1}, negative: signed}
judge: {m: 8, trials: 10}
search: {over: beta, level: 0.5}
"""
# Of two degrees that share their tiles each is tried again by itself, so a fault that comes once hurts neither.
STUDIES = {"memory": ("kind: memory, data_draws: 1, reference: softmax", "4"), "attention": ("kind: self_attention, preset: W2, noise: 0.05, data_draws: 3", "[4, 6]")}

failures = []


def sites():
    """Where src may fail on request, in the order of the rooms' names."""
    found = [site for path in sorted((SOURCE / "src").glob("*/*.c"))
             for site in re.findall(r'\bpsw_fault\("([^"]+)"\)', path.read_text())]
    assert len(found) == len(set(found)), f"a site has two places: {sorted(found)}"
    return [site for site in found if site not in ELSEWHERE]


def run(file, study, *options, fault=None):
    """The exit codes of the ranks, one where they agree; what was said."""
    environment = {key: value for key, value in os.environ.items() if key != "POLYSWEEP_FAULT"}
    if fault:
        environment["POLYSWEEP_FAULT"] = fault
    # Each rank says its own code: mpirun otherwise ends the others as soon as one has left with an error.
    command = ["mpirun", "--mca", "orte_abort_on_non_zero_status", "0", "-n", str(RANKS),
               "sh", "-c", '"$0" "$@"; code=$?; echo "rank left with $code" >&2; exit $code',
               PROGRAM, "run", study, "-o", file, "--oversubscribe", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as job:
        try:
            said = job.communicate(timeout=LONGEST_S)[1]
        except subprocess.TimeoutExpired:
            job.terminate()  # mpirun ends its ranks
            return "none, it hangs", job.communicate()[1]
    codes = [int(code) for code in re.findall(r"rank left with (\d+)", said)]
    return codes[0] if codes == codes[:1] * RANKS else codes, said


def unfinished(file):
    """What the file tells of points that are not done."""
    command = [PROGRAM, "show", file, "--jsonl", "--columns", "method,team_asked,status,error_code"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    points = [json.loads(line) for line in shown.stdout.splitlines()]
    return [point for point in points if point["status"] != "done"]


def differences(reference, file, committed=False):
    return list(bits.differences(bits.columns(reference), bits.columns(file), committed))


def point_complaints(site, file, message, said):
    points = unfinished(file)
    status = STATUS.get(site, "failed")
    if f"1 {status}" not in said or message in said:
        yield f"it said: {said}"
    if [point["status"] for point in points] != [status]:
        yield f"not one point {status}, but {points}"
    elif not points[0]["message"].startswith(message):
        yield f"the file says: {points[0]}"


def codes_of(site):
    return CODES.get(site, CODES.get(site.split(".")[0], [POINT]))


def complaints_of(fault, file, study, reference, again):
    """One run with a fault and, with `again`, one that makes up for it."""
    site, rank, _ = fault.split(":")
    message = message_of(site, rank)
    code, said = run(file, study, fault=fault)
    if code == 0 and (site in MESSAGE or message not in said):
        yield from differences(reference, file)
        return
    MET.add(site)
    if code not in codes_of(site):
        yield f"exit code {code}: {said}"
        return
    if code == JOB and said.count(message) != 1:
        yield f"it said: {said}"
    if code == POINT:
        yield from point_complaints(site, file, message, said)
    if os.path.exists(file):
        yield from differences(reference, file, committed=True)
    if again:
        code, said = run(file, study, *(["--redo", "failed"] if code == POINT else []))
        yield from [said] if code != 0 else differences(reference, file)


MET = set()


def chosen(site, number, everything):
    """(rank, occurrence), all or few. Every rank is in the team of all, whose first rank writes: so each site is met."""
    if everything:
        return [(rank, occurrence) for rank in range(RANKS) for occurrence in (1, 2, 3)]
    if codes_of(site) == [JOB]:
        return [(0, 1), (1 + number % 3, 2)]
    return [(number % RANKS, 1), ((number + 2) % RANKS, 2 + number % 2)]


def message_of(site, rank):
    return MESSAGE.get(site, f"injected fault at {site} on rank {rank}")


def complaints_of_batch(faults, file, study, reference):
    """One run with faults of points: each hurts a point of its own or none, and that point says which."""
    sites_by_message = {message_of(site, rank): site for site, rank, _ in faults}
    code, said = run(file, study, fault=",".join(f"{site}:{rank}:{occurrence}" for site, rank, occurrence in faults))
    if code != POINT:
        yield f"exit code {code}: {said}"
        return
    points = unfinished(file)
    told = [point["message"].split(" (POLYSWEEP_FAULT)")[0] for point in points]
    if f"{len(points)} failed" not in said or any(message in said for message in sites_by_message):
        yield f"{len(points)} points failed, it said: {said}"
    if len(set(told)) < len(told) or not set(told) <= set(sites_by_message):
        yield f"the file says: {told}"
    MET.update(sites_by_message[message] for message in told if message in sites_by_message)
    yield from differences(reference, file, committed=True)
    code, said = run(file, study, "--redo", "failed")
    yield from [said] if code != 0 else differences(reference, file)


def drive_batches(points_sites):
    """Two runs for each study: all sites, each on another rank, at their first and their second or third occurrence."""
    for data in STUDIES:
        for turn in range(2):
            faults = [(site, *chosen(site, number + turn + (data == "attention"), False)[turn])
                      for number, site in enumerate(points_sites)]
            found = complaints_of_batch(faults, f"batch-{turn}-{data}.h5", f"{data}.yaml", f"{data}.h5")
            failures.extend(f"batch {turn}, {data}: {line}" for line in found)


def drive(everything):
    texts = {data: STUDY.replace("DATA", text).replace("BETA", beta) for data, (text, beta) in STUDIES.items()}
    for data, text in {**texts, "search": SEARCH}.items():
        Path(f"{data}.yaml").write_text(text)
        code, said = run(f"{data}.h5", f"{data}.yaml")
        if code != 0:
            failures.append(f"undisturbed: {code}\n{said}")
            return
    if not everything:
        drive_batches([site for site in sites() if codes_of(site) == [POINT]])
    for number, site in enumerate(site for site in sites() if site not in MET):
        for rank, occurrence in chosen(site, number, everything):
            data = "search" if site in SEARCH_SITES else list(STUDIES)[(number + occurrence) % 2]
            fault = f"{site}:{rank}:{occurrence}"
            again = everything or occurrence == 1
            found = complaints_of(fault, fault.replace(":", "-") + ".h5", f"{data}.yaml", f"{data}.h5", again)
            failures.extend(f"{fault}, {data}: {line}" for line in found)
        if site not in MET:
            failures.append(f"{site}: never met")


def main():
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        drive(sys.argv[1:] == ["all"])
        os.chdir("/")
    print("\n".join(failures) or f"{len(MET)} sites failed as they should: {' '.join(sorted(MET))}")
    print(f"{time.monotonic() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
