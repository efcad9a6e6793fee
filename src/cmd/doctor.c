/* doctor: what this machine and launch look like, what is wrong, what to type. */
#include "cmd/cmd.h"
#include "polysweep/doctor.h"

psw_status cmd_doctor(const cmd_options *options, const psw_comm *world)
{
    if (options->file_count > 1) return PSW_FAIL(PSW_USAGE, "doctor tries one directory at a time");
    psw_doctor_request request = {.directory = options->file_count ? options->files[0] : NULL,
                                  .set = options->set,
                                  .sets = options->set_count,
                                  .command = options->command,
                                  .json = options->json};
    return psw_doctor_examine(&request, world);
}
