// Shared by the files of this shim; not part of its interface.
#ifndef IMAGO_ONEDNN_INTERNAL_H
#define IMAGO_ONEDNN_INTERNAL_H
#include "COneDNN.h"
#include <oneapi/dnnl/dnnl.h>

// How weights reach the layout of an op.
typedef enum {
  PACK_CONVOLUTION,          // OIHW as it is
  PACK_CONVOLUTION_FLIPPED,  // OIHW to IOHW, turned by half a circle: backward data as a forward convolution
  PACK_LINEAR_FORWARD,       // [N, K] read as [K, N]
  PACK_LINEAR_BACKWARD,      // [N, K] as it is
} pack_kind;

typedef enum { RUN_FORWARD, RUN_CONVOLUTION_BACKWARD_DATA, RUN_CONVOLUTION_BACKWARD_WEIGHTS, RUN_LINEAR_BACKWARD_WEIGHTS } run_kind;

struct idnn_op {
  struct idnn_op *next;
  int64_t key[24];
  run_kind run;
  pack_kind pack;
  dnnl_primitive_t primitive;
  // Input, weights (packed), bias, output as the primitive wants them; has_residual adds one more of the output's layout.
  dnnl_memory_desc_t src, weights, bias, dst;
  int has_bias, has_residual;
  // Winograd wants blocked activations: plain ones are reordered around it.
  int blocked;
  dnnl_memory_desc_t plain_src, plain_dst;
  dnnl_primitive_t reorder_src, reorder_dst;
  size_t blocked_src_bytes, blocked_dst_bytes;
  // Backward weights: from the primitive's layout to OIHW.
  dnnl_primitive_t reorder_weights;
  dnnl_memory_desc_t plain_weights;
  int64_t weight_dims[4];    // O, I, KH, KW of the checkpoint's weights; N, K, 1, 1 for linear
  size_t scratch_bytes;
  dnnl_memory_desc_t scratch;
  char implementation[64];
};

dnnl_engine_t idnn_engine(void);
dnnl_stream_t idnn_stream(void);
dnnl_data_type_t idnn_type(idnn_dtype t);
int idnn_fail(const char *what, int status);     // remembers the message; returns status
idnn_op *idnn_find(const int64_t *key, int n);   // a cached op
idnn_op *idnn_new(const int64_t *key, int n);    // a zeroed op under that key, in the cache
void idnn_forget(idnn_op *op);                   // takes a failed one out
int idnn_attributes(dnnl_primitive_attr_t *attr, const dnnl_memory_desc_t *residual, idnn_activation act);
int idnn_finish(idnn_op *op, dnnl_primitive_desc_t pd);
void *idnn_scratch(int slot, size_t bytes);      // a growing buffer; slots are independent
int idnn_execute(dnnl_primitive_t primitive, int n, const int *arguments, const dnnl_memory_desc_t *const *descs, void *const *pointers);
int idnn_reorder(dnnl_primitive_t *primitive, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);
#endif
