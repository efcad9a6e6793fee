/* files/litter: what killed runs left beside a file. */
#ifndef POLYSWEEP_FILES_LITTER_H
#define POLYSWEEP_FILES_LITTER_H

#include "polysweep/files.h"

typedef char files_folder[4096];
/* The file's name in its directory. */
const char *files_part(const char *path, files_folder directory);
/* By the holder of the lock, who is alone. */
void files_litter_remove(const char *path);

#endif
