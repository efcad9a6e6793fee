/* Evaluating compiled expressions. */
#include <math.h>
#include <stdlib.h>

#include "polysweep/text.h"

double psw_program_value(const psw_program *program, const double *row, const psw_oracle *oracle, const void *subject)
{
    double stack[PSW_STACK_MAX + 1], *top = stack; /* stack[0] is never an operand */
    stack[0] = 0;
    for (const psw_program_step *s = program->steps, *end = s + program->count; s < end; s++) {
        double x = top[0], y = top > stack ? top[-1] : 0; /* y op x for two operands */
        switch ((psw_operation)s->operation) {
        case PSW_OP_NUMBER: *++top = s->number; continue;
        case PSW_OP_ROW: *++top = row[s->argument]; continue;
        case PSW_OP_ORACLE: *++top = oracle->value(subject, s->argument); continue;
        case PSW_OP_NEGATE: *top = -x; continue;
        case PSW_OP_NOT: *top = !psw_program_true(x); continue;
        case PSW_OP_ABS: *top = fabs(x); continue;
        case PSW_OP_CEIL: *top = ceil(x); continue;
        case PSW_OP_FLOOR: *top = floor(x); continue;
        case PSW_OP_ROUND: *top = round(x); continue;
        case PSW_OP_SQRT: *top = sqrt(x); continue;
        case PSW_OP_EXP: *top = exp(x); continue;
        case PSW_OP_LOG: *top = log(x); continue;
        case PSW_OP_LOG2: *top = log2(x); continue;
        case PSW_OP_ADD: x = y + x; break;
        case PSW_OP_SUBTRACT: x = y - x; break;
        case PSW_OP_MULTIPLY: x = y * x; break;
        case PSW_OP_DIVIDE: x = y / x; break;
        case PSW_OP_MODULO: x = x != 0 ? y - x * floor(y / x) : NAN; break;
        case PSW_OP_POWER: x = pow(y, x); break;
        case PSW_OP_MIN: x = y < x || isnan(y) ? y : x; break;
        case PSW_OP_MAX: x = y > x || isnan(y) ? y : x; break;
        case PSW_OP_EQUAL: x = y == x; break;
        case PSW_OP_UNEQUAL: x = y != x; break;
        case PSW_OP_LESS: x = y < x; break;
        case PSW_OP_GREATER: x = y > x; break;
        case PSW_OP_AT_MOST: x = y <= x; break;
        case PSW_OP_AT_LEAST: x = y >= x; break;
        case PSW_OP_AND: x = psw_program_true(y) && psw_program_true(x); break;
        case PSW_OP_OR: x = psw_program_true(y) || psw_program_true(x); break;
        }
        *--top = x;
    }
    return *top;
}

void psw_program_free(psw_program *program)
{
    free(program->steps);
    *program = (psw_program){0};
}
