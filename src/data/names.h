/* data/names: which tensor of a file is which side of which layer. */
#ifndef POLYSWEEP_DATA_NAMES_H
#define POLYSWEEP_DATA_NAMES_H

#include "polysweep/arrays.h"

/* The names of a file, for looking up and for messages. */
typedef struct data_names {
    const psw_tensors *tensors;
    const psw_file_keys *keys;
} data_names;

/* The tensor of a side of a layer; PSW_ENVIRONMENT: there is none, or more than one. */
psw_status data_name_of(const data_names *names, psw_side side, ptrdiff_t layer, const char **name);
/* The array of lengths of a layer; *name NULL: none is asked for. */
psw_status data_name_of_padding(const data_names *names, ptrdiff_t layer, const char **name);
/* Numbers of the layers that have queries, ascending. */
void data_name_layers(const data_names *names, psw_file_facts *facts);

#endif
