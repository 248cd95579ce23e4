// Shared by the PNG reader and writer: the error pointer is their message buffer.
#ifndef IMAGO_PNG_MESSAGES_H
#define IMAGO_PNG_MESSAGES_H
#include <png.h>
#include <stdio.h>

#define ICODEC_MESSAGE 256

static inline void icodec_png_on_error(png_structp png, png_const_charp message) {
  snprintf((char *)png_get_error_ptr(png), ICODEC_MESSAGE, "%s", message);
  png_longjmp(png, 1);
}

// Warnings (a bad ICC profile, a repeated chunk) do not touch the pixels.
static inline void icodec_png_on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

#endif
