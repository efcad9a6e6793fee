/* data/heads: shared by the files that read heads. */
#ifndef POLYSWEEP_DATA_HEADS_H
#define POLYSWEEP_DATA_HEADS_H

#include "data/load.h"

/* The sides of a layer have shapes that fit each other; sets layer->kv_heads. PSW_ENVIRONMENT. */
psw_status data_layer_agrees(psw_layer *layer, ptrdiff_t kv_heads);
/* Head number `head` of a tensor (batch by batch), which is number `place` of those that were read. */
psw_status data_head_finite(const psw_tensor *tensor, ptrdiff_t head, ptrdiff_t place);
/* Makes layers up to this number, empty ones where they were not there. */
psw_status data_layers_grow(psw_arrays *arrays, ptrdiff_t layer);

#endif
