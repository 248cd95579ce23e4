// One level's kernels and their table. Included once by each kernels_<level>.c, which defines LANES (floats
// in a vector), BF16_INSTRUCTIONS (conversion to bf16 is one instruction) and TABLE (its name).
#include "vec.h"
#include "vec_math.h"
#include "elementwise_kernels.h"
#include "activations_kernels.h"
#include "movement_kernels.h"
#include "reduction_kernels.h"
#include "normalization_kernels.h"
#include "depthwise_kernels.h"
#include "rotary_kernels.h"
#include "optimizer_kernels.h"

const ik_kernels TABLE = {
  .convert = convert, .binary = binary, .axpby = axpby,
  .unary = unary, .unary_backward = unary_backward, .geglu = geglu, .geglu_backward = geglu_backward,
  .upsample_backward = upsample_backward, .embedding = embedding,
  .embedding_backward = embedding_backward, .col2im = col2im,
  .sum_rows = sum_rows, .sum_columns = sum_columns, .first_nonfinite = first_nonfinite,
  .softmax = softmax, .softmax_backward = softmax_backward,
  .group_norm_sums = group_norm_sums, .group_norm_apply = group_norm_apply,
  .group_norm_backward_sums = group_norm_backward_sums,
  .group_norm_backward_apply = group_norm_backward_apply,
  .layer_norm = layer_norm, .rms_norm = rms_norm, .layer_norm_backward = layer_norm_backward,
  .depthwise = depthwise, .rotary = rotary,
  .adamw = adamw, .ema = ema,
};
