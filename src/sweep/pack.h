/* sweep/pack: a file that is packed at the end of a run, and unpacked where another has work left. Both are rank 0's,
 * which has the lock; the file beside takes the name when it is complete and has been read back. */
#ifndef POLYSWEEP_SWEEP_PACK_H
#define POLYSWEEP_SWEEP_PACK_H

#include "sweep/job.h"

/* Is the file packed, and nothing to be written to it? Of a search, once it was read. The same on every rank. */
bool sweep_pack_is_enough(const sweep_job *job);
/* The end of a launch on such a file, which stays as it is: what it came to, as sweep_end. */
psw_status sweep_pack_end(const sweep_job *job);
/* Unpacks a file that is packed; the slots' reader, lock and seal are then of the new one. Collective over the world.
 */
psw_status sweep_pack_open(sweep_job *job);
/* `output: {pack: true}`, on rank 0, of a file that is closed and done: was it packed? A failure leaves the file, and a
 * note. */
bool sweep_pack_close(sweep_job *job);

#endif
