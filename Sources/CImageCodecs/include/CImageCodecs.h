// The one place that knows libpng and libjpeg: whole pictures in memory, to and from 8-bit samples.
//
// Both libraries report errors with longjmp; it never leaves this target. Every call here returns
// 1, or 0 with a one-line message from `..._error`. A reader borrows the bytes it was made with
// until it is freed; what a reader or writer hands out (messages, text, encoded bytes) lives as
// long as it does. `..._new` returns NULL only when memory is exhausted, `..._free` takes NULL. One
// thread at a time per reader or writer; different ones are independent.
#ifndef IMAGO_CIMAGECODECS_H
#define IMAGO_CIMAGECODECS_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
  int64_t width, height;
  int channels;          // 1 grey, 3 RGB, 4 RGBA, as read_pixels will give
  int stored_bits;       // per pixel in the file before compression (PNG only)
} icodec_shape;

typedef struct {
  const char *key;       // NUL-terminated Latin-1
  const char *text;
  size_t count;          // bytes of text
  int is_utf8;           // else Latin-1
} icodec_text;

// PNG. read_header first, then read_pixels (height * width * channels bytes), then text and EXIF.
typedef struct icodec_png_reader icodec_png_reader;
icodec_png_reader *icodec_png_reader_new(const uint8_t *bytes, size_t count);
int icodec_png_reader_header(icodec_png_reader *reader, icodec_shape *shape);
int icodec_png_reader_pixels(icodec_png_reader *reader, uint8_t *pixels);
int icodec_png_reader_text_count(icodec_png_reader *reader);
icodec_text icodec_png_reader_text(icodec_png_reader *reader, int index);
// The eXIf chunk's bytes, a TIFF structure; returns their number, 0 if there is none.
size_t icodec_png_reader_exif(icodec_png_reader *reader, const uint8_t **bytes);
const char *icodec_png_reader_error(const icodec_png_reader *reader);
void icodec_png_reader_free(icodec_png_reader *reader);

// PNG. Texts are copied when added and written before the picture in that order.
typedef struct icodec_png_writer icodec_png_writer;
icodec_png_writer *icodec_png_writer_new(void);
int icodec_png_writer_shape(icodec_png_writer *writer, int64_t width, int64_t height, int channels);
int icodec_png_writer_add_text(icodec_png_writer *writer, const icodec_text *text);
int icodec_png_writer_encode(
    icodec_png_writer *writer, const uint8_t *pixels, const uint8_t **bytes, size_t *count);
const char *icodec_png_writer_error(const icodec_png_writer *writer);
void icodec_png_writer_free(icodec_png_writer *writer);

// JPEG. CMYK and YCCK come out as RGB; nothing is done about the EXIF orientation.
typedef struct icodec_jpeg_reader icodec_jpeg_reader;
icodec_jpeg_reader *icodec_jpeg_reader_new(const uint8_t *bytes, size_t count);
int icodec_jpeg_reader_header(icodec_jpeg_reader *reader, icodec_shape *shape);
int icodec_jpeg_reader_pixels(icodec_jpeg_reader *reader, uint8_t *pixels);
const char *icodec_jpeg_reader_error(const icodec_jpeg_reader *reader);
void icodec_jpeg_reader_free(icodec_jpeg_reader *reader);

// JPEG. channels 1 or 3; quality 1...100; app1 (at most 65533 bytes) may be empty.
typedef struct icodec_jpeg_writer icodec_jpeg_writer;
icodec_jpeg_writer *icodec_jpeg_writer_new(void);
int icodec_jpeg_writer_encode(
    icodec_jpeg_writer *writer, const uint8_t *pixels, int64_t width, int64_t height, int channels,
    int quality, const uint8_t *app1, size_t app1_count, const uint8_t **bytes, size_t *count);
const char *icodec_jpeg_writer_error(const icodec_jpeg_writer *writer);
void icodec_jpeg_writer_free(icodec_jpeg_writer *writer);

#endif
