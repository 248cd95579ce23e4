// Shared by the files of this shim; not part of its interface.
#ifndef IMAGO_ONEDNN_INTERNAL_H
#define IMAGO_ONEDNN_INTERNAL_H
#include "CKernels.h"
#include "COneDNN.h"
#include <oneapi/dnnl/dnnl.h>

// ---------------------------------------------------------------- engine.c
dnnl_engine_t idnn_engine(void);         // NULL with a message if it cannot be created
dnnl_data_type_t idnn_type(idnn_dtype type);
size_t idnn_type_bytes(idnn_dtype type);

// Remembers a message; returns `status`, or -1 if that is 0.
int idnn_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Buffers that grow and are shared by all ops, 64-byte aligned; NULL if there is no memory. Slots are
// independent: what one holds survives a request for another.
typedef enum { BUFFER_SCRATCHPAD, BUFFER_SRC, BUFFER_DST, BUFFER_BIAS, BUFFER_SLOTS } idnn_slot;
void *idnn_buffer(idnn_slot slot, size_t bytes);

// One call at a time: buffers and the memory objects of an op are shared.
void idnn_lock(void);
void idnn_unlock(void);

// ---------------------------------------------------------------- parallel.c
typedef ik_body idnn_body;
// Calls body on ranges of [0, n) in the pool of threads; `bytes` moved in all says whether it is worth it.
void idnn_parallel(int64_t n, int64_t bytes, idnn_body body, void *context);
// Copies rows of `width` bytes; strides in bytes.
void idnn_copy_rows(void *to, size_t to_stride, const void *from, size_t from_stride, size_t width, int64_t rows);

// ---------------------------------------------------------------- primitive.c
typedef struct {
  dnnl_primitive_t handle;
  int count;                             // of arguments, the scratchpad not among them
  dnnl_exec_arg_t arguments[8];
  size_t scratch_bytes;
  int parts;                             // a thread, for ik_divide
  char name[64];
} idnn_primitive;

// Post-ops in the order: residual, activation. A residual descriptor makes it a separate operand; without one it
// is expected in the destination.
int idnn_attributes(dnnl_primitive_attr_t *attr, int has_residual, const dnnl_memory_desc_t *residual, idnn_activation act);
// An implementation, and into how many parts a thread it is cut.
typedef struct {
  dnnl_primitive_desc_t pd;
  int parts;
} idnn_choice;
// The best implementation of an operation, or the first whose name begins with `preferred` (which may be NULL).
int idnn_choose(idnn_choice *choice, const_dnnl_op_desc_t desc, dnnl_primitive_attr_t attr, const char *preferred);
// Creates the primitive and destroys pd. Arguments are added in the order of the pointers of idnn_execute.
int idnn_primitive_create(idnn_primitive *p, idnn_choice choice);
int idnn_argument(idnn_primitive *p, int argument, const dnnl_memory_desc_t *desc);
int idnn_execute(const idnn_primitive *p, void *const *pointers);
void idnn_primitive_destroy(idnn_primitive *p);
int idnn_reorder(idnn_primitive *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);

// ---------------------------------------------------------------- cache.c
typedef struct {
  const void *src, *weights, *residual;  // gradients of weights: src is x, weights is dy
  const float *bias;
  void *dst;
} idnn_pointers;

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
  int64_t taps, *o, *i, *tap;
} idnn_places;

enum { KEY_LENGTH = 24 };
struct idnn_op {
  idnn_op *next;
  int64_t key[KEY_LENGTH];
  int (*run)(const idnn_op *op, const idnn_pointers *p);
  idnn_primitive primitive;
  idnn_conv_shape shape;                 // of the convolution that runs; for linear ones B = M, C = K, OC = N
  int has_bias, has_residual;
  dnnl_memory_desc_t weights;            // packed
  idnn_packing packing;
  int64_t weight_dims[4];                // O, I, KH, KW of the checkpoint's; N, K, 1, 1 for linear
  int64_t chunks;                        // Winograd: the batch in so many runs
  int64_t wide;                          // output channels that the primitive writes, if more than shape.OC
  idnn_primitive unpack;                 // gradient of weights: from the primitive's layout to OIHW
  size_t gradient_bytes;
  // Weights in a layout that is not oneDNN's: how to pack them, and their size.
  int (*pack)(const idnn_op *op, const void *src, idnn_dtype type, void *dst);
  size_t own_bytes;
  // Where numbers of that layout lie, by the checkpoint's indices: O + I + number of taps offsets.
  int64_t (*own_places)(const idnn_op *op, int64_t *o, int64_t *i, int64_t *tap);
  idnn_places places;                    // found when they are first asked for
};

// The op under a key, built and kept if it is new. NULL with a message.
typedef int (*idnn_builder)(idnn_op *op, const void *request);
idnn_op *idnn_obtain(const int64_t *key, int n, idnn_builder build, const void *request);

// ---------------------------------------------------------------- ops
int idnn_run_primitive(const idnn_op *op, const idnn_pointers *p);
int idnn_convolution_key(int64_t *key, int64_t kind, const idnn_conv_shape *s);
int idnn_is_pointwise(const idnn_conv_shape *s);
void idnn_image(dnnl_memory_desc_t *md, int64_t B, int64_t C, int64_t H, int64_t W, idnn_dtype type, dnnl_format_tag_t tag);
void idnn_weights_any(dnnl_memory_desc_t *md, int64_t O, const idnn_conv_shape *s, idnn_dtype type);
int idnn_winograd_pays(const idnn_conv_shape *s);
int idnn_build_winograd(idnn_op *op, const idnn_conv_shape *s, int has_bias, int has_residual);
// Plain weights to Winograd's; 0 if the layout is not the one known here.
int idnn_transform_weights(const dnnl_memory_desc_t *to, const float *src, float *dst);

// Winograd's algorithm on bf16 instructions.
int idnn_winograd_bf16_pays(const idnn_conv_shape *s);
void idnn_build_winograd_bf16(idnn_op *op, const idnn_conv_shape *s, int has_bias, int has_residual);

// Weights are packed in tiles of 64 output by 16 input channels, 128 of a matrix, that stay in the nearest cache on both sides.
enum { TILE_O = 64, TILE_I = 16, MATRIX_TILE_I = 128 };
static inline int64_t idnn_tile_inputs(int64_t taps) { return taps == 1 ? MATRIX_TILE_I : TILE_I; }

// Weights [O, I, taps] to bf16 pairs at the sums of the three offsets; 0 if the offsets or the processor are of another kind.
int idnn_pack_pairs(const void *src, idnn_dtype from, uint16_t *dst, int64_t O, int64_t I, int64_t taps, const int64_t *o, const int64_t *i,
                    const int64_t *tap);

// Offsets in a blocked layout by the checkpoint's indices: O, then I, then taps; to be freed. NULL if there is no memory.
int64_t *idnn_blocked_offsets(const idnn_op *op, const dnnl_memory_desc_t *to);
// Whether `count` offsets go up by `step` within groups of `group`.
int idnn_are_grouped(const int64_t *offsets, int64_t count, int64_t group, int64_t step);

// Gradients of weights on bf16 instructions.
int idnn_gradient_bf16_works(void);
int idnn_gradient_bf16(const idnn_conv_shape *s, const uint16_t *x, const uint16_t *dy, float *dw);
#endif
