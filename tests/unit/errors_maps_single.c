/* The same in single precision. */
#define PSW_SINGLE
#include "unit/errors_maps.c"
