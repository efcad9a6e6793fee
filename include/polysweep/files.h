/* files: a result file's name, and what stands beside it. Whose a name is, which run may write, temporary names. Pure:
 * no MPI, no HDF5. PSW_ENVIRONMENT where a file cannot be made, is somebody else's, or is in use. */
#ifndef POLYSWEEP_FILES_H
#define POLYSWEEP_FILES_H

#include "polysweep/base.h"

/* A file beside a result file (lock, events), opened for reading and writing or made; `flags` are further ones of open,
 * `begins` is how one of ours begins that is not empty (at most 64 bytes). PSW_ENVIRONMENT, and nothing is changed,
 * where it is a link, no regular file, or somebody else's; errno is then EEXIST, and that of
 * open where there is none. */
psw_status psw_companion_open(const char *name, int flags, const char *begins, int *descriptor);

/* A new, empty file beside `path`, whatever else is there: its name, FILE.new.PROCESS-NUMBER, and descriptor. A killed
 * run leaves it, and the next one that has the lock removes it. */
psw_status psw_temporary_create(const char *path, char *name, size_t size, int *descriptor);

/* Takes FILE.lock (a kernel lock that dies with its process; host and pid inside). PSW_ENVIRONMENT, naming
 * the holder, when another run has it. Released by psw_lock_release or when the process ends. */
psw_status psw_lock_take(const char *path, int *lock);
void psw_lock_release(int lock);
bool psw_lock_held(const char *path); /* a run holds it; read-only */
bool psw_lock_free(const char *path); /* no run holds it; both are false where the file system has no locks */

#endif
