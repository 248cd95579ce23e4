// OpenBLAS, loaded at run time: nothing links to it, so a machine without it still starts the program,
// and the processor type can be set before its constructor reads the environment.
#ifndef IMAGO_COPENBLAS_H
#define IMAGO_COPENBLAS_H
#include <stdint.h>

// Loads the library at the first call; 0 on success. Any thread, any number of times.
int iblas_load(void);
// Why loading failed, or "" if it did not.
const char *iblas_error(void);
// What the library says of itself, such as "OpenBLAS 0.3.21 ... SkylakeX MAX_THREADS=64"; "" if not loaded.
const char *iblas_config(void);

// c [m, n] = a [m, k] * b [k, n] + beta * c, row-major, each operand transposed if asked, at most `threads`
// threads. Leading dimensions are elements between neighbouring rows as stored. Callers take turns.
void iblas_sgemm(int threads, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                 const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                 int64_t ldc);

// Whether the library has the two functions below.
int iblas_has_double(void);
// c [m, n] = a [m, k] * b [k, n] in double precision, otherwise as above.
void iblas_dgemm(int threads, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                 const double *a, int64_t lda, const double *b, int64_t ldb, double *c, int64_t ldc);
// Eigenvalues of the symmetric a [size, size] in w, ascending; a is overwritten, by the eigenvectors as rows if they are
// wanted. 0 on success.
int iblas_symmetric_eigen(int threads, int wants_vectors, int64_t size, double *a, double *w);
#endif
