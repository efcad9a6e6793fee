#include <string.h>

#include "cmd/cmd.h"

psw_status cmd_study_of_options(const cmd_options *options, psw_study **study)
{
    if (options->file_count != 1)
        return PSW_FAIL(PSW_USAGE, "one study file is expected, %td files are named", options->file_count);
    psw_rooms rooms = *psw_house();
    if (options->no_inputs) rooms.learned_r = NULL, rooms.file_facts = NULL;
    if (options->text)
        return psw_study_parse(&(psw_study_source){options->text, strlen(options->text), options->files[0],
                                                   options->set, options->set_count},
                               &rooms, study);
    return psw_study_read(options->files[0], options->set, options->set_count, &rooms, study);
}
