// The one place that knows zlib: inflating one raw deflate stream, as zip archives hold them.
#ifndef IMAGO_CZLIB_H
#define IMAGO_CZLIB_H
#include <stddef.h>
#include <stdint.h>

// Inflates `count` bytes into exactly `output_count` bytes. Returns 1, or 0 if the stream is damaged, ends early
// or holds another number of bytes; never writes past the output.
int iz_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count);

// CRC-32 of `count` bytes, as zip archives record it.
uint32_t iz_crc32(const uint8_t *bytes, size_t count);

#endif
