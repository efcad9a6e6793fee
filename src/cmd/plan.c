/* plan: what a study will take, for any number of ranks, without MPI; a job script for it. */
#include "cmd/cmd.h"
#include "polysweep/forecast.h"
#include "polysweep/slurm.h"

static psw_status check_script(const cmd_options *o)
{
    const char *alone = o->sbatch_count > 0 ? "sbatch" : o->prologue ? "prologue" : o->launcher ? "launcher" : NULL;
    psw_script_request request = {
        .sbatch = o->sbatch, .sbatch_count = o->sbatch_count, .prologue = o->prologue, .launcher = o->launcher};
    if (!o->slurm && alone) return PSW_FAIL(PSW_USAGE, "--%s is for a job script: add --slurm", alone);
    if (o->slurm && o->part.of > 0)
        return PSW_FAIL(PSW_USAGE, "--slurm prints a script for the whole study: leave out --part; the script "
                                   "slurm-array-parts.sh runs parts in a job array");
    if (o->slurm && (o->json || o->compare || o->budget || o->points))
        return PSW_FAIL(PSW_USAGE, "--slurm prints only a job script: leave out --%s",
                        o->json      ? "json"
                        : o->compare ? "compare"
                        : o->budget  ? "budget"
                                     : "points");
    return psw_script_check(&request);
}

static psw_status print_script(const cmd_options *o, const psw_study *study, const psw_forecast *f)
{
    const psw_settings *settings = psw_study_settings(study);
    psw_script_request request = {.command = o->command,
                                  .study = o->files[0],
                                  .study_name = psw_study_name(study),
                                  .output = o->output ? o->output : settings->file,
                                  .where = o->where,
                                  .set = o->set,
                                  .sets = o->set_count,
                                  .sbatch = o->sbatch,
                                  .sbatch_count = o->sbatch_count,
                                  .prologue = o->prologue,
                                  .launcher = o->launcher,
                                  .ranks_given = o->ranks > 0,
                                  .memory_given = settings->memory_per_rank_bytes > 0,
                                  .threads = settings->threads};
    psw_script_prediction prediction = {.ranks = f->ranks,
                                        .ranks_per_node = f->ranks_per_node,
                                        .points = f->points,
                                        .too_large = f->too_large,
                                        .busy_s = f->outcome.schedule.busy_s,
                                        .finish_s = f->outcome.schedule.finish_s,
                                        .longest_s = f->outcome.critical.value,
                                        .largest_bytes = f->largest.value,
                                        .rates_from = f->rates_from};
    return psw_script_print(&request, &prediction, stdout);
}

static psw_status print(const cmd_options *options, const psw_study *study, const psw_forecast *forecast)
{
    if (options->slurm) return print_script(options, study, forecast);
    (options->json ? psw_forecast_json : psw_forecast_print)(forecast);
    return PSW_OK;
}

/* What would end the run before its first point ends the plan, too: files that are missing, or of another shape. */
static psw_status try_inputs(const cmd_options *options, const psw_study *study)
{
    psw_inputs inputs = {0};
    psw_status status = options->no_inputs ? PSW_OK : psw_inputs_read(study, &inputs);
    psw_inputs_free(&inputs);
    return status;
}

psw_status cmd_plan(const cmd_options *options, const psw_comm *world)
{
    psw_forecast_request request = {.where = options->where,
                                    .part = options->part,
                                    .calibration = options->calibration,
                                    .calibrate = options->calibrate,
                                    .compare = options->compare,
                                    .budget = options->budget,
                                    .points = options->points,
                                    .ranks = options->ranks,
                                    .ranks_per_node = options->ranks_per_node};
    psw_study *study;
    psw_forecast forecast = {0};
    (void)world;
    PSW_TRY(check_script(options));
    if (options->calibrate && options->calibration)
        return PSW_FAIL(PSW_USAGE, "--calibrate measures this machine, --calibration takes the rates of a file: leave "
                                   "out one of them");
    PSW_TRY(cmd_study_of_options(options, &study));
    psw_status status = try_inputs(options, study);
    if (status == PSW_OK) status = psw_forecast_make(study, &request, &forecast);
    if (status == PSW_OK) status = print(options, study, &forecast);
    psw_forecast_free(&forecast);
    psw_study_free(study);
    return status;
}
