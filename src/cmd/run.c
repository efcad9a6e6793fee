/* run: every point that is not complete in the file. Running again is resuming. */
#include <string.h>

#include "cmd/cmd.h"

psw_sweep_request cmd_request_of_options(const cmd_options *o)
{
    bool seen = o->progress == PSW_PROGRESS_AUTO && cmd_launcher_draws();
    return (psw_sweep_request){.file = o->files[0],
                               .text = o->text,
                               .set = o->set,
                               .sets = o->set_count,
                               .output = o->output,
                               .where = o->where,
                               .part = o->part,
                               .command = o->command,
                               .redo = o->redo,
                               .extend = o->extend,
                               .oversubscribe = o->oversubscribe,
                               .quiet = o->quiet,
                               .calibrate = o->calibrate,
                               .max_fails = o->max_fails,
                               .time_limit_s = o->time_limit_s,
                               .progress = seen ? PSW_PROGRESS_BAR : o->progress};
}

/* The plan for this very launch. */
static psw_status dry_run(const cmd_options *options, const psw_comm *world)
{
    cmd_options plan = *options;
    psw_comm node;
    PSW_TRY(psw_comm_split_node(world, &node));
    double most = node.size;
    psw_comm_free(&node);
    PSW_TRY(psw_comm_max(world, &most, 1));
    plan.ranks = world->size;
    plan.ranks_per_node = (ptrdiff_t)most;
    return world->rank == 0 ? cmd_plan(&plan, world) : PSW_OK;
}

/* The parts of a grown study are others: what one has done, another would compute again. */
static psw_status check(const cmd_options *o)
{
    if (o->part.of == 0 || !o->extend) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "--extend is not for a part, since a grown study is dealt anew: merge the parts, then "
                               "extend the joint file (or start the grown study's parts with another -o)");
}

psw_status cmd_run(const cmd_options *options, const psw_comm *world)
{
    PSW_TRY(check(options));
    if (options->dry_run) return dry_run(options, world);
    if (options->file_count != 1)
        return PSW_FAIL(PSW_USAGE, "one study file is expected, %td files are named", options->file_count);
    psw_sweep_request request = cmd_request_of_options(options);
    return psw_sweep_run(&request, world);
}
