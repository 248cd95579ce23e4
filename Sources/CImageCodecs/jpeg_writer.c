#include <stdlib.h>

#include "CImageCodecs.h"
#include "jpeg_errors.h"

struct icodec_jpeg_writer {
  struct jpeg_compress_struct codec;
  icodec_jpeg_errors errors;
  unsigned char *bytes;
  unsigned long count;
};

icodec_jpeg_writer *icodec_jpeg_writer_new(void) {
  icodec_jpeg_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  writer->codec.err = icodec_jpeg_errors_set(&writer->errors);
  if (setjmp(writer->errors.jump)) {
    icodec_jpeg_writer_free(writer);
    return NULL;
  }
  jpeg_create_compress(&writer->codec);
  return writer;
}

int icodec_jpeg_writer_encode(
    icodec_jpeg_writer *writer, const uint8_t *pixels, int64_t width, int64_t height, int channels,
    int quality, const uint8_t *app1, size_t app1_count, const uint8_t **bytes, size_t *count) {
  if (setjmp(writer->errors.jump)) {
    // The library moves the buffer when it grows and says so only at the end: this address may be
    // stale.
    writer->bytes = NULL;
    return 0;
  }
  j_compress_ptr codec = &writer->codec;
  if (width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION) {
    ERREXIT1(codec, JERR_IMAGE_TOO_BIG, JPEG_MAX_DIMENSION);
  }
  jpeg_mem_dest(codec, &writer->bytes, &writer->count);
  codec->image_width = (JDIMENSION)width;
  codec->image_height = (JDIMENSION)height;
  codec->input_components = channels;
  codec->in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(codec);
  jpeg_set_quality(codec, quality, TRUE);
  codec->optimize_coding = TRUE;
  if (channels == 3 && quality >= 90) {
    // Halved colour resolution shows at red edges long before quantisation does at this quality.
    codec->comp_info[0].h_samp_factor = 1;
    codec->comp_info[0].v_samp_factor = 1;
  }
  jpeg_start_compress(codec, TRUE);
  if (app1_count > 0) jpeg_write_marker(codec, JPEG_APP0 + 1, app1, (unsigned)app1_count);
  size_t stride = (size_t)width * (size_t)channels;
  while (codec->next_scanline < codec->image_height) {
    JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + codec->next_scanline * stride);
    jpeg_write_scanlines(codec, &row, 1);
  }
  jpeg_finish_compress(codec);
  *bytes = writer->bytes;
  *count = writer->count;
  return 1;
}

const char *icodec_jpeg_writer_error(const icodec_jpeg_writer *writer) {
  return writer->errors.message;
}

void icodec_jpeg_writer_free(icodec_jpeg_writer *writer) {
  if (!writer) return;
  jpeg_destroy_compress(&writer->codec);
  free(writer->bytes);
  free(writer);
}
