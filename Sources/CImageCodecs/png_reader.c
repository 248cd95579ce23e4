#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"
#include "png_messages.h"

struct icodec_png_reader {
  const uint8_t *bytes;
  size_t count, position;
  png_structp png;
  png_infop info;
  char error[ICODEC_MESSAGE];
};

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  icodec_png_reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->position) png_error(png, "the data ends early");
  memcpy(out, reader->bytes + reader->position, count);
  reader->position += count;
}

icodec_png_reader *icodec_png_reader_new(const uint8_t *bytes, size_t count) {
  icodec_png_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  reader->png = png_create_read_struct(
      PNG_LIBPNG_VER_STRING, reader->error, icodec_png_on_error, icodec_png_on_warning);
  reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
  if (!reader->info) {
    icodec_png_reader_free(reader);
    return NULL;
  }
  png_set_read_fn(reader->png, reader, read_bytes);
  // The caller bounds the area; the library's own bound on each side would refuse long strips.
  png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  return reader;
}

int icodec_png_reader_header(icodec_png_reader *reader, icodec_shape *shape) {
  if (setjmp(png_jmpbuf(reader->png))) return 0;
  png_read_info(reader->png, reader->info);
  png_structp png = reader->png;
  png_infop info = reader->info;
  int type = png_get_color_type(png, info);
  int has_alpha = (type & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);
  shape->width = png_get_image_width(png, info);
  shape->height = png_get_image_height(png, info);
  shape->channels = has_alpha ? 4 : (type & PNG_COLOR_MASK_COLOR) ? 3 : 1;
  shape->stored_bits = png_get_bit_depth(png, info) * png_get_channels(png, info);
  return 1;
}

int icodec_png_reader_pixels(icodec_png_reader *reader, uint8_t *pixels) {
  if (setjmp(png_jmpbuf(reader->png))) return 0;
  png_structp png = reader->png;
  png_infop info = reader->info;
  png_set_expand(png);    // palette to RGB, 1/2/4-bit grey to 8, tRNS to alpha
  png_set_scale_16(png);  // round(v * 255 / 65535); stripping the low byte would be biased
  int type = png_get_color_type(png, info);
  int has_alpha = (type & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);
  if (has_alpha && !(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t stride = png_get_rowbytes(png, info);
  png_uint_32 height = png_get_image_height(png, info);
  for (int pass = 0; pass < passes; pass++) {
    for (png_uint_32 y = 0; y < height; y++) png_read_row(png, pixels + y * stride, NULL);
  }
  png_read_end(png, info);  // text may follow the picture
  return 1;
}

int icodec_png_reader_text_count(icodec_png_reader *reader) {
  int count = 0;
  png_get_text(reader->png, reader->info, NULL, &count);
  return count;
}

icodec_text icodec_png_reader_text(icodec_png_reader *reader, int index) {
  png_textp texts = NULL;
  png_get_text(reader->png, reader->info, &texts, NULL);
  png_textp text = texts + index;
  int is_utf8 = text->compression >= PNG_ITXT_COMPRESSION_NONE;
  return (icodec_text){
      text->key, text->text, is_utf8 ? text->itxt_length : text->text_length, is_utf8};
}

size_t icodec_png_reader_exif(icodec_png_reader *reader, const uint8_t **bytes) {
  png_bytep data = NULL;
  png_uint_32 count = 0;
  if (!png_get_eXIf_1(reader->png, reader->info, &count, &data)) return 0;
  *bytes = data;
  return count;
}

const char *icodec_png_reader_error(const icodec_png_reader *reader) { return reader->error; }

void icodec_png_reader_free(icodec_png_reader *reader) {
  if (!reader) return;
  png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}
