#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"
#include "png_messages.h"

struct icodec_png_writer {
  png_structp png;
  png_infop info;
  uint8_t *bytes;
  size_t count, capacity, stride;
  char error[ICODEC_MESSAGE];
};

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  icodec_png_writer *writer = png_get_io_ptr(png);
  if (count > writer->capacity - writer->count) {
    size_t capacity = (writer->count + count) * 2 + 4096;
    uint8_t *grown = realloc(writer->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    writer->bytes = grown;
    writer->capacity = capacity;
  }
  memcpy(writer->bytes + writer->count, bytes, count);
  writer->count += count;
}

static void flush(png_structp png) { (void)png; }

icodec_png_writer *icodec_png_writer_new(void) {
  icodec_png_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  writer->png = png_create_write_struct(
      PNG_LIBPNG_VER_STRING, writer->error, icodec_png_on_error, icodec_png_on_warning);
  writer->info = writer->png ? png_create_info_struct(writer->png) : NULL;
  if (!writer->info) {
    icodec_png_writer_free(writer);
    return NULL;
  }
  png_set_write_fn(writer->png, writer, write_bytes, flush);
  png_set_user_limits(writer->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Spelled out so that the bytes depend on the libraries' versions only, not on their defaults.
  png_set_compression_level(writer->png, 6);
  png_set_filter(writer->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  return writer;
}

int icodec_png_writer_shape(
    icodec_png_writer *writer, int64_t width, int64_t height, int channels) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  if (width < 1 || height < 1 || width > PNG_UINT_31_MAX || height > PNG_UINT_31_MAX) {
    png_error(writer->png, "a side is outside 1...2147483647 pixels");
  }
  int type = channels == 1 ? PNG_COLOR_TYPE_GRAY
             : channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
  writer->stride = (size_t)width * (size_t)channels;
  png_set_IHDR(
      writer->png, writer->info, (png_uint_32)width, (png_uint_32)height, 8, type,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  return 1;
}

int icodec_png_writer_add_text(icodec_png_writer *writer, const icodec_text *text) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  // png_set_text copies the strings and never writes through the pointers.
  png_text entry = {
      .compression = text->is_utf8 ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE,
      .key = (char *)(uintptr_t)text->key,
      .text = (char *)(uintptr_t)text->text};
  if (text->is_utf8) entry.itxt_length = text->count;
  else entry.text_length = text->count;
  png_set_text(writer->png, writer->info, &entry, 1);
  return 1;
}

int icodec_png_writer_encode(
    icodec_png_writer *writer, const uint8_t *pixels, const uint8_t **bytes, size_t *count) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  png_write_info(writer->png, writer->info);
  png_uint_32 height = png_get_image_height(writer->png, writer->info);
  for (png_uint_32 y = 0; y < height; y++) {
    png_write_row(writer->png, pixels + y * writer->stride);
  }
  png_write_end(writer->png, NULL);
  *bytes = writer->bytes;
  *count = writer->count;
  return 1;
}

const char *icodec_png_writer_error(const icodec_png_writer *writer) { return writer->error; }

void icodec_png_writer_free(icodec_png_writer *writer) {
  if (!writer) return;
  png_destroy_write_struct(&writer->png, &writer->info);
  free(writer->bytes);
  free(writer);
}
