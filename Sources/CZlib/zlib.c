#include "CZlib.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// zlib counts in 32 bits, so long streams go through in pieces.
enum { PIECE = 1 << 30 };

static uInt piece(size_t count) { return (uInt)(count < PIECE ? count : PIECE); }

// zlib's way to say which wrapping to expect.
enum { RAW = -MAX_WBITS, GZIP = MAX_WBITS + 16 };

static int inflate_all(int wrapping, const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (inflateInit2(&stream, wrapping) != Z_OK) return 0;
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
    if (status == Z_STREAM_END && wrapping == GZIP && read < count) status = inflateReset(&stream);
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && written == output_count;
}

int iz_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count) {
  return inflate_all(RAW, bytes, count, output, output_count);
}

int iz_gunzip(const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count) {
  return inflate_all(GZIP, bytes, count, output, output_count);
}

struct iz_stream {
  z_stream codec;
};

iz_stream *iz_stream_new(void) {
  iz_stream *stream = calloc(1, sizeof *stream);
  if (stream && inflateInit2(&stream->codec, GZIP) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

void iz_stream_free(iz_stream *stream) {
  if (!stream) return;
  inflateEnd(&stream->codec);
  free(stream);
}

int iz_stream_inflate(iz_stream *stream, const uint8_t *bytes, size_t count, uint8_t *output, size_t output_count,
                      size_t *used, size_t *written) {
  z_stream *codec = &stream->codec;
  codec->next_in = (Bytef *)bytes;
  codec->avail_in = piece(count);
  codec->next_out = output;
  codec->avail_out = piece(output_count);
  uInt in_before = codec->avail_in, out_before = codec->avail_out;
  int status = inflate(codec, Z_NO_FLUSH);
  *used = in_before - codec->avail_in;
  *written = out_before - codec->avail_out;
  if (status == Z_STREAM_END) return inflateReset(codec) == Z_OK ? 2 : 0;
  // No room or no input is no damage: the caller brings more.
  return status == Z_OK || status == Z_BUF_ERROR;
}

uint32_t iz_crc32(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(crc32_z(0, Z_NULL, 0), bytes, count);
}
