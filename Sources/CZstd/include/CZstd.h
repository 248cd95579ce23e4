// The one place that knows Zstandard: one compressed block in memory, with the system's libzstd.
//
// The library is loaded at first use, so that nothing but a file that needs it asks for it.
#ifndef IMAGO_CZSTD_H
#define IMAGO_CZSTD_H
#include <stddef.h>
#include <stdint.h>

// Decompresses `count` bytes into exactly `output_count` bytes. Returns 1, or 0 if the block is damaged or holds
// another number of bytes, or -1 if there is no libzstd; never writes past the output.
int izstd_decompress(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count);

#endif
