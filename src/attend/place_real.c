#include "polysweep/real.h"
typedef psw_real psw_place;
