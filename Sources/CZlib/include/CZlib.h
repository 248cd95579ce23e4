// The one place that knows zlib: raw deflate streams, as zip archives hold them, and gzip files.
#ifndef IMAGO_CZLIB_H
#define IMAGO_CZLIB_H
#include <stddef.h>
#include <stdint.h>

// Inflates `count` bytes into exactly `output_count` bytes. Returns 1, or 0 if the stream is damaged, ends early
// or holds another number of bytes; never writes past the output.
int iz_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count);

// The same for gzip: one member or several after each other.
int iz_gunzip(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count);

// A gzip file read from front to back in pieces. NULL when memory is exhausted; `free` takes NULL.
typedef struct iz_stream iz_stream;
iz_stream *iz_stream_new(void);
void iz_stream_free(iz_stream *stream);

// Inflates as much of `bytes` as there is room for. `*used` is what was read of the input, `*written` what was put
// into the output. Returns 1 while more may follow, 2 at the end of a member (another may follow), 0 if the data is
// damaged.
int iz_stream_inflate(iz_stream *stream, const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count,
                      size_t *used, size_t *written);

// CRC-32 of `count` bytes, as zip archives record it.
uint32_t iz_crc32(const uint8_t *bytes, size_t count);

#endif
