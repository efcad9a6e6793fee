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
/* May a file be renamed to `name`? There is none, or one of ours: the same rule, nothing is made. */
psw_status psw_companion_check(const char *name, const char *begins);

/* A new, empty file beside `path`, whatever else is there: its name, FILE.ENDING.PROCESS-NUMBER, and descriptor. One
 * that ends with "new" and that a killed run leaves, the next one that has the lock removes. */
psw_status psw_temporary_create(const char *path, const char *ending, char *name, size_t size, int *descriptor);

/* One run writes a file. FILE.lock, beside the file that links lead to, carries a kernel lock that ends with its
 * process, host and process inside. Another lock is on a byte far beyond the end of the file itself, so that further
 * names of the file, or a removed FILE.lock, let nobody in. File systems that have no locks, and NFS, where one lock of
 * a file is all of it, go without the second or without both. */
typedef struct psw_lock {
    int beside, inside; /* descriptors; -1 = none */
} psw_lock;
psw_lock psw_lock_none(void);
/* PSW_ENVIRONMENT, naming the holder, when another run has it. Held until psw_lock_release or the end of the process.
 */
psw_status psw_lock_take(const char *path, psw_lock *lock);
/* To be called by the holder when `path` names a new file: it is locked before the old one is let go. */
psw_status psw_lock_renew(const char *path, psw_lock *lock);
void psw_lock_release(psw_lock *lock);
bool psw_lock_held(const char *path); /* a run holds it; read-only */
bool psw_lock_free(const char *path); /* no run holds it; both are false where the file system has no locks */

/* Is the open file still what `path` names, and not shorter than `bytes`? PSW_ENVIRONMENT says what has become of it
 * and where its data are. */
psw_status psw_name_check(const char *path, int descriptor, size_t bytes);
/* Of a file that no name leads to any more: copies what is open to a new file, FILE.saved.PROCESS-NUMBER, and returns
 * its name; an empty name where there is another name or nothing to save. */
psw_status psw_name_save(const char *path, int descriptor, char *name, size_t size);

#endif
