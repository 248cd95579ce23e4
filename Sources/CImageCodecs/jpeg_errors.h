// Shared by the JPEG reader and writer: errors become a message and a jump back.
#ifndef IMAGO_JPEG_ERRORS_H
#define IMAGO_JPEG_ERRORS_H
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
// jpeglib.h uses FILE and size_t without including their headers.
#include <jpeglib.h>
#include <jerror.h>

typedef struct {
  struct jpeg_error_mgr manager;  // first: the library hands back its address
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
} icodec_jpeg_errors;

static inline void icodec_jpeg_fail(j_common_ptr codec) {
  icodec_jpeg_errors *errors = (icodec_jpeg_errors *)codec->err;
  codec->err->format_message(codec, errors->message);
  longjmp(errors->jump, 1);
}

// Warnings that mean samples are missing or invented count as errors; the others (extra bytes
// between segments and the like) do not touch the picture.
static inline void icodec_jpeg_on_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  icodec_jpeg_errors *errors = (icodec_jpeg_errors *)codec->err;
  switch (codec->err->msg_code) {
    case JWRN_JPEG_EOF:
      snprintf(errors->message, sizeof errors->message, "the data ends early");
      longjmp(errors->jump, 1);
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
      icodec_jpeg_fail(codec);
  }
}

static inline struct jpeg_error_mgr *icodec_jpeg_errors_set(icodec_jpeg_errors *errors) {
  jpeg_std_error(&errors->manager);
  errors->manager.error_exit = icodec_jpeg_fail;
  errors->manager.emit_message = icodec_jpeg_on_message;
  return &errors->manager;
}

#endif
