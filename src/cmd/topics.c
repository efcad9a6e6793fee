/* Topics of help that are a text: what a user needs when no page is at hand. */
#include <string.h>

#include "cmd/cmd.h"

static const char start[] =
    "From a study to figures\n"
    "\n"
    "  polysweep init phase > phase.yaml               a commented study to start from\n"
    "  polysweep plan phase.yaml                       points, time, memory\n"
    "  mpirun -n 4 polysweep run phase.yaml            computes them; stop it at any time, run it again to go on\n"
    "  polysweep status phase.h5                       how far it is, while it runs or after\n"
    "  polysweep show phase.h5 --where \"n == 1024\"     rows of the result\n"
    "  polysweep-report phase.h5 -o report             figures and tables, report/index.html\n"
    "\n"
    "Python: polysweep.open(\"phase.h5\") is an xarray dataset on the dimension `point`; polysweep.grid(ds) has one\n"
    "dimension for each axis of the study.\n";

static const char slurm[] =
    "Jobs under Slurm\n"
    "\n"
    "  polysweep plan study.yaml --ranks 128 --ranks-per-node 64 --slurm > study.job      a job script, explained\n"
    "  sbatch study.job\n"
    "\n"
    "The run stops by itself before the walltime, and the job queues again and continues, until all is done.\n"
    "\n"
    "To stop a job, pick one:\n"
    "\n"
    "  scancel JOB                            at once; points in flight are given up, done ones are in the file\n"
    "  scancel --batch --signal=USR1 JOB      points in flight end first; the job queues again and continues later\n"
    "  scontrol update JobId=JOB Requeue=0    before the line above: it does not queue again\n"
    "\n"
    "After any end, also of a node, `sbatch study.job` or the same run goes on with what is left; `polysweep status\n"
    "study.h5` says how the last launch ended. Start ranks with mpirun, or with srun --mpi=pmix. Many small "
    "allocations\n"
    "instead of a large one: polysweep run --part K/N, and the script jobs/slurm-array-parts.sh.\n";

static const char stop[] =
    "Ending a run\n"
    "\n"
    "  Ctrl-C, SIGTERM       ends within about a second; the points in flight are given up. A second one ends at once\n"
    "  SIGUSR1 to mpirun     points in flight end first\n"
    "  --time-limit 55m      the same, before 55 minutes are over\n"
    "  kill -9, a lost node  what is done is in the file (of a node: what is older than a minute)\n"
    "\n"
    "In every case the same command continues with what is left. A clean stop with work left has exit code 75.\n"
    "In a Slurm job: polysweep help slurm.\n";

static const char files[] =
    "Files beside FILE.h5\n"
    "\n"
    "  FILE.h5                the result: HDF5 that opens as netCDF-4; one dataset per column on the dimension "
    "`point`\n"
    "  FILE.h5.lock           held while a run writes; whose it is stands inside\n"
    "  FILE.h5.status.json    progress; what `polysweep status` reads\n"
    "  FILE.h5.events.jsonl   one line an event: launches, failed points, stops\n"
    "  FILE.K.h5              part K of a study (run --part K/N); polysweep merge FILE.h5 FILE.*.h5 joins them\n"
    "\n"
    "A point counts as done where its commit word, a checksum of its columns, is present and correct. To keep a file,\n"
    "`polysweep pack FILE.h5 -o SMALL.h5` makes it about a tenth as large; everything reads it as before.\n";

static const char codes[] = "Exit codes\n"
                            "\n"
                            "   0  every point is done\n"
                            "   1  some points failed, took too long or were skipped\n"
                            "   2  the command line or the study file is wrong, or --where selects nothing\n"
                            "   3  a file, the file system or the launch is wrong\n"
                            "   4  verification found other numbers\n"
                            "  70  a bug\n"
                            "  75  stopped cleanly, work is left: run it again\n";

static const char environment[] =
    "Variables that polysweep reads\n"
    "\n"
    "  POLYSWEEP_TARGET         avx512, avx2 or base: kernels of another processor than this one's, to compare\n"
    "  POLYSWEEP_HDF5_FORMAT    latest: newest format of HDF5 for new files; otherwise the earliest\n"
    "  POLYSWEEP_TRUST_SRUN     yes: srun without PMIx is one world (an Open MPI that was built with Slurm's PMI)\n"
    "  XDG_CACHE_HOME           where rates of this machine are kept (else ~/.cache): polysweep/ in it\n"
    "  OPENBLAS_CORETYPE        kernel of OpenBLAS; polysweep doctor says when it should be set\n"
    "  SLURM_*                  what a job has left and may use\n";

/* README.md and analysis/CITATION.cff say the same. */
#define CITATION_TITLE "How to cite the program, and the paper that asks the question\n\n"
static const char citation[] =
    CITATION_TITLE "@software{polysweep,\n"
                   "  title   = {polysweep: sweeps of polynomial attention, exact and sketched},\n"
                   "  author  = {{The polysweep authors}},\n"
                   "  version = {" PSW_VERSION "},\n"
                   "  year    = {2026},\n"
                   "  license = {BSD-3-Clause}\n"
                   "}\n"
                   "@misc{song2023expressibility,\n"
                   "  title         = {The Expressibility of Polynomial based Attention Scheme},\n"
                   "  author        = {Song, Zhao and Xu, Guangyi and Yin, Junze},\n"
                   "  year          = {2023},\n"
                   "  eprint        = {2310.20051},\n"
                   "  archiveprefix = {arXiv}\n"
                   "}\n";

void cmd_citation_print(FILE *stream)
{
    fputs(citation + strlen(CITATION_TITLE), stream);
}

const cmd_topic cmd_topics[] = {
    {"start", "from a study to figures, in six lines", start},
    {"stop", "how a run ends, and goes on", stop},
    {"slurm", "jobs: how to submit, stop and continue them", slurm},
    {"files", "what stands beside a result file", files},
    {"codes", "exit codes", codes},
    {"environment", "variables that polysweep reads", environment},
    {"citation", "BibTeX of the program and of the paper, as --citation prints it", citation},
    {0},
};
