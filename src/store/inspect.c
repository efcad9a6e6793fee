/* What one rank looks at before all ranks open a file for writing, so that errors are reported before. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/files.h"

static bool same_names(const char *const *names, ptrdiff_t count, const char (*stored)[STORE_NAME],
                       ptrdiff_t stored_count)
{
    for (ptrdiff_t i = 0; count == stored_count && i < count; i++)
        if (strcmp(names[i], stored[i]) != 0) return false;
    return count == stored_count;
}

static psw_status check_study(const char *path, const psw_reader *reader, const store_layout *what)
{
    if (reader->has.identity != what->identity || reader->has.slots != what->slots)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s belongs to another study", path);
    if (!same_names(what->own, what->owns, reader->has.own, reader->has.owns) ||
        !same_names(what->predict, what->predicts, reader->has.predict, reader->has.predicts))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s was made with other own axes or predictions", path);
    return PSW_OK;
}

/* Is what the reader has open what has the name now? */
static bool same_file(const psw_reader *reader, const char *path)
{
    struct stat open_one, named;
    return fstat(store_source_file(reader->file), &open_one) == 0 && stat(path, &named) == 0 && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

psw_status store_inspect(const char *path, const store_layout *what, const psw_reader *read, store_seen *out)
{
    psw_reader *own = NULL;
    if (!read || !same_file(read, path)) {
        PSW_TRY(psw_reader_open(path, &own));
        read = own;
    }
    psw_status status = check_study(path, read, what);
    out->launch = read->launches;
    for (ptrdiff_t i = 0; i < read->columns.count; i++) out->bare[i] = store_raw_bare(read->has.column[i]);
    psw_reader_close(own);
    return status;
}

/* Open MPI writes a small file beside it and waits for ever if it cannot; sidecars need room, too. */
psw_status store_check_room(const char *path)
{
    char name[4096];
    int descriptor;
    PSW_TRY(psw_temporary_create(path, "new", name, sizeof name, &descriptor));
    int why = posix_fallocate(descriptor, 0, 65536);
    close(descriptor);
    unlink(name);
    if (why != ENOSPC && why != EDQUOT) return PSW_OK; /* others: it cannot be asked here */
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s: no file can be written beside it: %s; make room and run the same command again", path,
                    psw_reason(why));
}
