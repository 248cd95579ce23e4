// Products in 8 bits, all by our own kernels.
#include "internal.h"

// Linear layers are the same products with fewer axes.
static const im_kernel *int8_kernel(const im_conv_shape *s) { return im_is_pointwise(s) ? &im_linear_int8 : &im_winograd_int8; }

int idnn_conv_int8_takes(const im_conv_shape *s) { return idnn_own_kernels_work() && int8_kernel(s)->takes(s); }

typedef struct {
  const im_conv_shape *shape;
  int has_bias, has_residual;
} int8_request;

static int build_int8(idnn_op *op, const void *request) {
  const int8_request *r = request;
  idnn_remember_weights(op, r->shape);
  idnn_use_own(op, int8_kernel(r->shape), r->shape, r->has_bias, r->has_residual);
  return 0;
}

static idnn_op *obtain_int8(idnn_kind kind, const im_conv_shape *s, int has_bias, int has_residual) {
  if (!idnn_conv_int8_takes(s)) {
    idnn_fail(dnnl_unimplemented, "no product in 8 bits of this shape");
    return NULL;
  }
  const int8_request request = {s, has_bias != 0, has_residual != 0};
  int64_t key[IDNN_KEY_LENGTH];
  int n = idnn_convolution_key(key, kind, s);
  key[n++] = request.has_bias;
  key[n++] = request.has_residual;
  return idnn_obtain(key, n, build_int8, &request);
}

idnn_op *idnn_conv_int8(const im_conv_shape *s, int has_bias, int has_residual) {
  if (im_is_pointwise(s)) return idnn_linear_int8(s->type, s->B * s->H * s->W, s->OC, s->C, has_bias, has_residual);
  return obtain_int8(OP_CONVOLUTION_INT8, s, has_bias, has_residual);
}

int idnn_linear_int8_takes(ik_dtype type, int64_t N, int64_t K) {
  const im_conv_shape s = im_linear_shape(type, 1, N, K);
  return idnn_conv_int8_takes(&s);
}

idnn_op *idnn_linear_int8(ik_dtype type, int64_t M, int64_t N, int64_t K, int has_bias, int has_residual) {
  const im_conv_shape s = im_linear_shape(type, M, N, K);
  return obtain_int8(OP_LINEAR_INT8, &s, has_bias, has_residual);
}
