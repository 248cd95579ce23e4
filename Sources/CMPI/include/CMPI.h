// Open MPI, loaded at run time: nothing links to it. One thread of its own makes all calls, one after the other, so that callers can go on
// while numbers travel; it sleeps between looks, so that it takes no core from those who compute.
#ifndef IMAGO_CMPI_H
#define IMAGO_CMPI_H
#include <stddef.h>
#include <stdint.h>

// A call that was handed in.
typedef struct impi_call impi_call;

// Loads the library and joins the other processes; 0 on success. To be called once.
int impi_join(void);
// Why joining or the last call failed, or "".
const char *impi_error(void);
// Number of this process and processes in all.
int impi_rank(void);
int impi_size(void);

// Sums of n numbers over all processes, in place; the buffer is the caller's until the call is done.
impi_call *impi_sum(double *values, size_t n);
// Sums of n numbers for one process; they are copied at once. In bfloat16 the sums are rounded at each addition.
impi_call *impi_reduce(const float *values, size_t n, int root, int in_bfloat16);
// n numbers of one process for all, in place; the buffer is the caller's until the call is done.
impi_call *impi_broadcast(float *values, size_t n, int root);
// Waits at most so many milliseconds. 0: done, 1: not yet, 2: failed (see impi_error).
int impi_wait(impi_call *call, int milliseconds);
// The sums of a finished `impi_reduce`; only at its root.
void impi_take(const impi_call *call, float *sums);
// To be called once for each call that is done or failed.
void impi_free(impi_call *call);

// Bytes of numbers this process handed in for sums and broadcasts so far.
uint64_t impi_bytes(void);
// Leaves the others in good order; every call must be done.
void impi_leave(void);
#endif
