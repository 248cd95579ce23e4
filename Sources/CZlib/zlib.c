#include "CZlib.h"

#include <string.h>
#include <zlib.h>

// zlib counts in 32 bits, so long streams go through in pieces.
enum { PIECE = 1 << 30 };

static uInt piece(size_t count) { return (uInt)(count < PIECE ? count : PIECE); }

int iz_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return 0;
  // One byte more than wanted shows a stream that holds too much.
  uint8_t surplus;
  size_t read = 0, written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_in = (Bytef *)(bytes + read);
    stream.avail_in = piece(count - read);
    int full = written == output_count;
    stream.next_out = full ? &surplus : output + written;
    stream.avail_out = full ? 1 : piece(output_count - written);
    uInt in_before = stream.avail_in, out_before = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    uInt in_used = in_before - stream.avail_in, out_used = out_before - stream.avail_out;
    read += in_used;
    if (full && out_used > 0) status = Z_DATA_ERROR;
    if (!full) written += out_used;
    if (status == Z_OK && in_used == 0 && out_used == 0) status = Z_DATA_ERROR;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && written == output_count;
}

uint32_t iz_crc32(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(crc32_z(0, Z_NULL, 0), bytes, count);
}
