// Shared by the files of this shim; not part of its interface.
#ifndef IMAGO_ONEDNN_INTERNAL_H
#define IMAGO_ONEDNN_INTERNAL_H
#include "COneDNN.h"
#include <oneapi/dnnl/dnnl.h>

// ---------------------------------------------------------------- engine.c
dnnl_engine_t idnn_engine(void);         // NULL with a message if it cannot be created
dnnl_data_type_t idnn_type(ik_dtype type);
size_t idnn_type_bytes(ik_dtype type);
// Whether the kernels of CMatrixKernels may be used: the processor has them, and oneDNN was not told to do without.
int idnn_own_kernels_work(void);

// Remembers a message; returns `status`, or -1 if that is 0.
int idnn_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// One call at a time: scratch memory and the memory objects of an op are shared.
void idnn_lock(void);
void idnn_unlock(void);

// ---------------------------------------------------------------- primitive.c
typedef struct {
  dnnl_primitive_t handle;
  int count;                             // of arguments, the scratchpad not among them
  dnnl_exec_arg_t arguments[8];
  size_t scratch_bytes;
  int parts;                             // a thread, for ik_divide
  char name[64];
} idnn_primitive;

// What a primitive reads or writes: in a given layout, or, where `query` names it, in the one that the implementation prefers,
// which is left in `chosen`. One with neither is left out.
typedef struct {
  int argument;
  const dnnl_memory_desc_t *given;
  dnnl_query_t query;
  dnnl_memory_desc_t *chosen;
} idnn_operand;

// All that decides a primitive.
typedef struct {
  const_dnnl_op_desc_t desc;
  const_dnnl_op_desc_t forward;          // what a gradient belongs to; NULL for others
  // Behind the operation: residual, activation. A residual with a layout is a separate operand; without one it is expected in
  // the destination.
  int has_residual;
  const dnnl_memory_desc_t *residual;
  idnn_activation act;
  const char *preferred;                 // how an implementation's name begins that is taken before the best; may be NULL
  idnn_operand operands[6];              // in the order of the pointers of idnn_execute
} idnn_recipe;
int idnn_prepare(idnn_primitive *p, const idnn_recipe *recipe);
int idnn_reorder(idnn_primitive *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);
int idnn_execute(const idnn_primitive *p, void *const *pointers);
void idnn_primitive_destroy(idnn_primitive *p);

// ---------------------------------------------------------------- cache.c
// What an op computes: the first number of its key.
typedef enum {
  OP_CONVOLUTION = 1, OP_CONVOLUTION_DATA, OP_CONVOLUTION_WEIGHTS, OP_CONVOLUTION_INT8,
  OP_LINEAR, OP_LINEAR_DATA, OP_LINEAR_WEIGHTS, OP_LINEAR_INT8,
  OP_MATMUL,
} idnn_kind;

// How the checkpoint's weights map to the packed ones.
typedef enum {
  PACK_PLAIN,      // [O, I, KH, KW] as it is
  PACK_SWAPPED,    // [I, O]: the matrix product wants [K, N]
  PACK_TURNED,     // [I, O] and turned by half a circle: backward data as a forward convolution
} idnn_packing;

// Packed weights as sums of an offset for each output, input and tap, where the fast kernels' pairs of bf16 lie along one axis
// of channels and vectors of sixteen along the other.
typedef struct {
  enum { PLACES_UNKNOWN, PLACES_OTHER, PLACES_PAIR_INPUTS, PLACES_PAIR_OUTPUTS } kind;
  int64_t taps, *o, *i, *tap;            // one block of memory, which begins at o
} idnn_places;

struct idnn_op {
  uint64_t number;
  int threads;                           // that its work is cut for
  const im_kernel *own;                  // one of our own kernels, or NULL for oneDNN's:
  int (*run)(const idnn_op *op, const im_operands *p);
  idnn_primitive primitive;
  im_conv_shape shape;                   // of the convolution that runs
  int has_bias, has_residual;
  dnnl_memory_desc_t weights;            // packed
  idnn_packing packing;
  int64_t weight_dims[4];                // O, I, KH, KW of the checkpoint's; N, K, 1, 1 for linear
  int64_t chunks;                        // Winograd: the batch in so many runs
  int64_t wide;                          // output channels that the primitive writes, if more than shape.OC
  idnn_primitive unpack;                 // gradient of weights: from the primitive's layout to OIHW
  size_t gradient_bytes;
  idnn_places places;                    // found when they are first asked for
};

// The op under a key, built and kept if it is new. NULL with a message.
typedef int (*idnn_builder)(idnn_op *op, const void *request);
idnn_op *idnn_obtain(const int64_t *key, int n, idnn_builder build, const void *request);
// The op of that number, if it is still kept.
idnn_op *idnn_find(uint64_t number);
// Makes an op run one of our own kernels.
void idnn_use_own(idnn_op *op, const im_kernel *kernel, const im_conv_shape *s, int has_bias, int has_residual);
int idnn_run_primitive(const idnn_op *op, const im_operands *p);

// ---------------------------------------------------------------- convolution.c
int idnn_convolution_key(int64_t *key, idnn_kind kind, const im_conv_shape *s);
void idnn_image(dnnl_memory_desc_t *md, int64_t B, int64_t C, int64_t H, int64_t W, ik_dtype type, dnnl_format_tag_t tag);
void idnn_weights_any(dnnl_memory_desc_t *md, int64_t O, const im_conv_shape *s, ik_dtype type);
void idnn_remember_weights(idnn_op *op, const im_conv_shape *s);
// A convolution or one of its gradients; bias may be NULL.
int idnn_convolution_desc(dnnl_convolution_desc_t *desc, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, const im_conv_shape *s,
                          const dnnl_memory_desc_t *src, const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias,
                          const dnnl_memory_desc_t *dst);

// ---------------------------------------------------------------- winograd.c
int idnn_winograd_pays(const im_conv_shape *s);
int idnn_build_winograd(idnn_op *op, const im_conv_shape *s, int has_bias, int has_residual);
// Plain weights to Winograd's; 0 if the layout is not the one known here.
int idnn_transform_weights(const dnnl_memory_desc_t *to, const float *src, float *dst);

// ---------------------------------------------------------------- weights.c
// Offsets in a blocked layout by the checkpoint's indices: O, then I, then taps; to be freed. NULL if there is no memory.
int64_t *idnn_blocked_offsets(const idnn_op *op, const dnnl_memory_desc_t *to);
#endif
