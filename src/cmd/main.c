#include "polysweep/base.h"

int main(void) { return PSW_OK; }
