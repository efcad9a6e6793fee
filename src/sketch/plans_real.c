#include "sketch/plans.h"

#ifdef PSW_WITH_FFTW
#include <fftw3.h>

#ifdef PSW_SINGLE
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

sketch_plans sketch_plans_lay(ptrdiff_t length, bool is_complex)
{
    ptrdiff_t stride = is_complex ? 2 * length : (length / 2 + 1) * 2, batch = 16384 / length;
    return (sketch_plans){length, stride, batch < 1 ? 1 : batch > 16 ? 16 : batch, is_complex, NULL, NULL};
}

static void plan_real(sketch_plans *p, psw_real *at)
{
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)at;
    int length = (int)p->length, batch = (int)p->batch, real = (int)p->stride, half = (int)p->stride / 2;
    p->forward = FFTW(plan_many_dft_r2c)(1, &length, batch, at, NULL, 1, real, spectrum, NULL, 1, half, FFTW_ESTIMATE);
    p->backward = FFTW(plan_many_dft_c2r)(1, &length, batch, spectrum, NULL, 1, half, at, NULL, 1, real, FFTW_ESTIMATE);
}

static FFTW(plan) plan_complex(const sketch_plans *p, psw_real *at, int sign)
{
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)at;
    int length = (int)p->length;
    return FFTW(plan_many_dft)(1, &length, (int)p->batch, spectrum, NULL, 1, length, spectrum, NULL, 1, length, sign,
                               FFTW_ESTIMATE);
}

/* FFTW_ESTIMATE: the plan, and so every bit, follows from the length alone, not from a measurement. */
psw_status sketch_plans_start(sketch_plans *p, psw_real *at)
{
    if (p->is_complex) {
        p->forward = plan_complex(p, at, FFTW_FORWARD);
        p->backward = plan_complex(p, at, FFTW_BACKWARD);
    } else {
        plan_real(p, at);
    }
    if (p->forward && p->backward) return PSW_OK;
    sketch_plans_stop(p);
    return PSW_FAIL(PSW_NO_MEMORY, "FFTW cannot plan a %s transform of length %td", p->is_complex ? "complex" : "real",
                    p->length);
}

void sketch_plans_stop(const sketch_plans *p)
{
    if (p->forward) FFTW(destroy_plan)(p->forward);
    if (p->backward) FFTW(destroy_plan)(p->backward);
}

void sketch_plans_forward(const sketch_plans *p, psw_real *at)
{
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)at;
    if (p->is_complex)
        FFTW(execute_dft)(p->forward, spectrum, spectrum);
    else
        FFTW(execute_dft_r2c)(p->forward, at, spectrum);
}

void sketch_plans_backward(const sketch_plans *p, psw_real *at)
{
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)at;
    if (p->is_complex)
        FFTW(execute_dft)(p->backward, spectrum, spectrum);
    else
        FFTW(execute_dft_c2r)(p->backward, spectrum, at);
}

#else

/* A study with such lengths is refused; what a file holds that another program made comes here when it is verified. */
sketch_plans sketch_plans_lay(ptrdiff_t length, bool is_complex)
{
    return (sketch_plans){length, is_complex ? 2 * length : (length / 2 + 1) * 2, 1, is_complex, NULL, NULL};
}

psw_status sketch_plans_start(sketch_plans *p, psw_real *at)
{
    (void)at;
    return PSW_FAIL(PSW_ENVIRONMENT, "a transform of length %td needs FFTW, and this program was built without",
                    p->length);
}

void sketch_plans_stop(const sketch_plans *p)
{
    (void)p;
}

void sketch_plans_forward(const sketch_plans *p, psw_real *at)
{
    (void)p, (void)at;
}

void sketch_plans_backward(const sketch_plans *p, psw_real *at)
{
    (void)p, (void)at;
}

#endif
