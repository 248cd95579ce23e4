#include <stdlib.h>

#include "CImageCodecs.h"
#include "jpeg_errors.h"

struct icodec_jpeg_reader {
  struct jpeg_decompress_struct codec;
  struct jpeg_progress_mgr progress;
  icodec_jpeg_errors errors;
  const uint8_t *bytes;
  size_t count;
  uint8_t *row;
};

// A progressive file may repeat scans over the whole picture; honest ones have about ten.
static void limit_scans(j_common_ptr codec) {
  enum { most = 500 };
  icodec_jpeg_errors *errors = (icodec_jpeg_errors *)codec->err;
  if (((j_decompress_ptr)codec)->input_scan_number <= most) return;
  snprintf(errors->message, sizeof errors->message, "more than %d scans", (int)most);
  longjmp(errors->jump, 1);
}

icodec_jpeg_reader *icodec_jpeg_reader_new(const uint8_t *bytes, size_t count) {
  icodec_jpeg_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  reader->codec.err = icodec_jpeg_errors_set(&reader->errors);
  if (setjmp(reader->errors.jump)) {
    icodec_jpeg_reader_free(reader);
    return NULL;
  }
  jpeg_create_decompress(&reader->codec);
  reader->progress.progress_monitor = limit_scans;
  reader->codec.progress = &reader->progress;
  return reader;
}

int icodec_jpeg_reader_header(icodec_jpeg_reader *reader, icodec_shape *shape) {
  if (setjmp(reader->errors.jump)) return 0;
  jpeg_mem_src(&reader->codec, reader->bytes, reader->count);
  jpeg_read_header(&reader->codec, TRUE);
  J_COLOR_SPACE space = reader->codec.jpeg_color_space;
  shape->width = reader->codec.image_width;
  shape->height = reader->codec.image_height;
  shape->channels = space == JCS_GRAYSCALE ? 1 : 3;
  shape->stored_bits = 0;
  reader->codec.out_color_space = space == JCS_GRAYSCALE ? JCS_GRAYSCALE
                                  : space == JCS_CMYK || space == JCS_YCCK ? JCS_CMYK : JCS_RGB;
  return 1;
}

// Ink as stored: Adobe's files hold 255 - ink, others the ink. Same as multiplying two light
// filters.
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t count, int inverted) {
  uint8_t flip = inverted ? 0 : 255;
  for (size_t i = 0; i < count; i++) {
    unsigned black = cmyk[4 * i + 3] ^ flip;
    for (int c = 0; c < 3; c++) {
      rgb[3 * i + c] = (uint8_t)(((cmyk[4 * i + c] ^ flip) * black + 127) / 255);
    }
  }
}

int icodec_jpeg_reader_pixels(icodec_jpeg_reader *reader, uint8_t *pixels) {
  if (setjmp(reader->errors.jump)) return 0;
  j_decompress_ptr codec = &reader->codec;
  jpeg_start_decompress(codec);
  int is_cmyk = codec->out_color_space == JCS_CMYK;
  size_t width = codec->output_width;
  size_t stride = width * (codec->out_color_space == JCS_GRAYSCALE ? 1 : 3);
  if (is_cmyk) {
    reader->row = malloc(width * 4);
    if (!reader->row) ERREXIT1(codec, JERR_OUT_OF_MEMORY, 0);
  }
  while (codec->output_scanline < codec->output_height) {
    uint8_t *out = pixels + codec->output_scanline * stride;
    JSAMPROW row = is_cmyk ? reader->row : out;
    jpeg_read_scanlines(codec, &row, 1);
    if (is_cmyk) cmyk_to_rgb(reader->row, out, width, codec->saw_Adobe_marker);
  }
  jpeg_finish_decompress(codec);
  return 1;
}

const char *icodec_jpeg_reader_error(const icodec_jpeg_reader *reader) {
  return reader->errors.message;
}

void icodec_jpeg_reader_free(icodec_jpeg_reader *reader) {
  if (!reader) return;
  jpeg_destroy_decompress(&reader->codec);
  free(reader->row);
  free(reader);
}
