// Data movement: permutations, row copies, upsampling, embeddings, image columns. Copies are memcpy, which
// picks its own instruction set; what computes is in movement_kernels.h.
#include "kernels.h"

// Bytes per thread below which a second thread does not pay.
enum { GRAIN_BYTES = 131072, GRAIN = 16384 };

// ---------------------------------------------------------------- strided gather
typedef struct {
  int bytes, rank, unit_axis;  // unit_axis: an axis with stride 1, for transposition
  int64_t shape[IK_MAX_RANK], strides[IK_MAX_RANK], out_strides[IK_MAX_RANK];
  const char *in;
  char *out;
} gather_job;

static inline void copy_strided(char *to, const char *from, int64_t n, int64_t to_stride, int64_t from_stride, int bytes) {
  if (bytes == 2) {
    for (int64_t i = 0; i < n; i++) memcpy(to + i * to_stride * 2, from + i * from_stride * 2, 2);
  } else if (bytes == 4) {
    for (int64_t i = 0; i < n; i++) memcpy(to + i * to_stride * 4, from + i * from_stride * 4, 4);
  } else {
    for (int64_t i = 0; i < n; i++)
      memcpy(to + i * to_stride * bytes, from + i * from_stride * bytes, (size_t)bytes);
  }
}

// Ranges are elements of the output.
static void gather_runs(void *context, int64_t begin, int64_t end) {
  const gather_job *j = context;
  const int last = j->rank - 1;
  const int64_t inner = j->shape[last], stride = j->strides[last], bytes = j->bytes;
  for (int64_t at = begin; at < end;) {
    const int64_t first = at % inner;
    int64_t rest = at / inner, from = first * stride;
    for (int d = last - 1; d >= 0; d--) {
      from += rest % j->shape[d] * j->strides[d];
      rest /= j->shape[d];
    }
    const int64_t n = ik_min(inner - first, end - at);
    if (stride == 1) memcpy(j->out + at * bytes, j->in + from * bytes, (size_t)(n * bytes));
    else copy_strided(j->out + at * bytes, j->in + from * bytes, n, 1, stride, j->bytes);
    at += n;
  }
}

enum { TILE = 32 };

// Transposes the last axis with the axis whose input stride is 1, in tiles that stay in the first-level cache.
// Ranges are tiles of that axis, for every index of the other axes.
static void gather_tiles(void *context, int64_t begin, int64_t end) {
  const gather_job *j = context;
  const int last = j->rank - 1, unit = j->unit_axis;
  const int64_t inner = j->shape[last], bytes = j->bytes, tiles = ik_blocks(j->shape[unit], TILE);
  for (int64_t k = begin; k < end; k++) {
    int64_t rest = k / tiles;
    const int64_t i0 = k % tiles * TILE, count = ik_min(TILE, j->shape[unit] - i0);
    int64_t from = i0, to = i0 * j->out_strides[unit];
    for (int d = last - 1; d >= 0; d--) {
      if (d == unit) continue;
      from += rest % j->shape[d] * j->strides[d];
      to += rest % j->shape[d] * j->out_strides[d];
      rest /= j->shape[d];
    }
    for (int64_t c0 = 0; c0 < inner; c0 += TILE) {
      const int64_t n = ik_min(TILE, inner - c0);
      for (int64_t i = 0; i < count; i++)
        copy_strided(j->out + (to + i * j->out_strides[unit] + c0) * bytes,
                     j->in + (from + i + c0 * j->strides[last]) * bytes, n, 1, j->strides[last], j->bytes);
    }
  }
}

void ik_gather_strided(int element_bytes, int rank, const int64_t *shape, const void *in, const int64_t *in_strides, void *out) {
  gather_job job = {.bytes = element_bytes, .unit_axis = -1, .in = in, .out = out};
  int64_t n = 1;
  int last = -1;
  for (int d = 0; d < rank; d++) {
    n *= shape[d];
    if (shape[d] == 1) continue;
    if (last >= 0 && job.strides[last] == in_strides[d] * shape[d]) job.shape[last] *= shape[d];
    else job.shape[++last] = shape[d];
    job.strides[last] = in_strides[d];
  }
  if (n == 0) return;
  if (last < 0) {
    last = 0;
    job.shape[0] = job.strides[0] = 1;
  }
  job.rank = last + 1;
  int64_t step = 1;
  for (int d = last; d >= 0; d--) {
    job.out_strides[d] = step;
    step *= job.shape[d];
    if (d < last && job.strides[d] == 1 && job.shape[d] >= 16) job.unit_axis = d;
  }
  if (job.unit_axis >= 0 && job.strides[last] > 1) {
    const int64_t length = job.shape[job.unit_axis], units = n / length / job.shape[last] * ik_blocks(length, TILE);
    ik_parallel_for(units, ik_grain(GRAIN, TILE * job.shape[last]), gather_tiles, &job);
  } else {
    ik_parallel_for(n, job.shape[last] < 32 ? 4096 : GRAIN_BYTES / element_bytes, gather_runs, &job);
  }
}

// ---------------------------------------------------------------- rows
typedef struct {
  const char *src;
  char *dst;
  int64_t src_stride, dst_stride, row_bytes;
} rows_job;

static void copy_rows(void *context, int64_t begin, int64_t end) {
  const rows_job j = *(const rows_job *)context;
  for (int64_t r = begin; r < end; r++)
    memcpy(j.dst + r * j.dst_stride, j.src + r * j.src_stride, (size_t)j.row_bytes);
}

void ik_copy_rows(const void *src, int64_t src_stride_bytes, void *dst, int64_t dst_stride_bytes, int64_t row_bytes, int64_t rows) {
  if (row_bytes <= 0 || rows <= 0) return;
  if (src_stride_bytes == row_bytes && dst_stride_bytes == row_bytes) {
    // One run: cut it where threads can share it.
    row_bytes *= rows;
    rows = 1;
    while (row_bytes % 2 == 0 && row_bytes > GRAIN_BYTES) {
      row_bytes /= 2;
      rows *= 2;
    }
    src_stride_bytes = dst_stride_bytes = row_bytes;
  }
  rows_job job = {src, dst, src_stride_bytes, dst_stride_bytes, row_bytes};
  ik_parallel_for(rows, ik_grain(GRAIN_BYTES, row_bytes), copy_rows, &job);
}

// ---------------------------------------------------------------- upsampling
// Ranges are rows of x.
static void upsample_rows(void *context, int64_t begin, int64_t end) {
  const ik_movement_job *j = context;
  const int64_t pixel = j->C * ik_bytes(j->type), line = 2 * j->W * pixel;
  for (int64_t row = begin; row < end; row++) {
    const char *from = (const char *)j->in + row * j->W * pixel;
    char *to = (char *)j->out + row * 2 * line;
    for (int64_t x = 0; x < j->W; x++) {
      memcpy(to + 2 * x * pixel, from + x * pixel, (size_t)pixel);
      memcpy(to + (2 * x + 1) * pixel, from + x * pixel, (size_t)pixel);
    }
    memcpy(to + line, to, (size_t)line);
  }
}

void ik_upsample_nearest2x(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, const void *x, void *y) {
  if (B * H * W * C == 0) return;
  ik_movement_job job = {.type = type, .W = W, .C = C, .in = x, .out = y};
  ik_parallel_for(B * H, ik_grain(GRAIN, 4 * W * C), upsample_rows, &job);
}

void ik_upsample_nearest2x_backward(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, const void *dy, void *dx) {
  ik_movement_job job = {.type = type, .W = W, .C = C, .in = dy, .out = dx};
  ik_parallel_for(B * H, ik_grain(GRAIN, 4 * W * C), ik_table()->upsample_backward, &job);
}

// ---------------------------------------------------------------- embeddings
void ik_embedding(ik_dtype table_type, const void *table, int64_t D, const int32_t *ids, int64_t n, ik_dtype out_type, void *out) {
  ik_movement_job job = {.type = table_type, .to = out_type, .C = D, .in = table, .ids = ids, .out = out};
  ik_parallel_for(n, ik_grain(GRAIN, D), ik_table()->embedding, &job);
}

void ik_embedding_backward(ik_dtype dy_type, const void *dy, int64_t D, const int32_t *ids, int64_t n, float *dtable, int64_t table_rows) {
  (void)table_rows;
  ik_movement_job job = {.type = dy_type, .C = D, .n = n, .in = dy, .ids = ids, .out = dtable};
  ik_parallel_for(D, ik_max(64, ik_grain(GRAIN, n)), ik_table()->embedding_backward, &job);
}

// ---------------------------------------------------------------- image columns
// Ranges are output rows. For one output pixel and kernel row the kernel's columns are neighbours in the image.
static void im2col_rows(void *context, int64_t begin, int64_t end) {
  const ik_movement_job *j = context;
  const int64_t pixel = j->C * ik_bytes(j->type), line = j->KW * pixel;
  char *to = (char *)j->out + begin * j->OW * j->KH * line;
  for (int64_t row = begin; row < end; row++) {
    const int64_t b = row / j->OH, y0 = row % j->OH * j->stride - j->pad_top;
    for (int64_t ox = 0; ox < j->OW; ox++) {
      const int64_t x0 = ox * j->stride - j->pad_left;
      const int64_t left = ik_min(ik_max(0, -x0), j->KW);
      const int64_t right = ik_max(left, ik_min(j->KW, j->W - x0));
      for (int64_t y = y0; y < y0 + j->KH; y++, to += line) {
        if (y < 0 || y >= j->H || left == right) {
          memset(to, 0, (size_t)line);
          continue;
        }
        const char *from = (const char *)j->in + (((b * j->H + y) * j->W) + x0 + left) * pixel;
        if (left > 0) memset(to, 0, (size_t)(left * pixel));
        memcpy(to + left * pixel, from, (size_t)((right - left) * pixel));
        if (right < j->KW) memset(to + right * pixel, 0, (size_t)((j->KW - right) * pixel));
      }
    }
  }
}

void ik_im2col(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, int64_t KH, int64_t KW, int64_t stride,
               int64_t pad_top, int64_t pad_left, int64_t OH, int64_t OW, const void *x, void *columns) {
  ik_movement_job job = {.type = type, .H = H, .W = W, .C = C, .KH = KH, .KW = KW, .stride = stride,
                         .pad_top = pad_top, .pad_left = pad_left, .OH = OH, .OW = OW, .in = x, .out = columns};
  if (C * KH * KW == 0) return;
  ik_parallel_for(B * OH, ik_grain(GRAIN, OW * KH * KW * C), im2col_rows, &job);
}

void ik_col2im(ik_dtype type, int64_t B, int64_t H, int64_t W, int64_t C, int64_t KH, int64_t KW, int64_t stride,
               int64_t pad_top, int64_t pad_left, int64_t OH, int64_t OW, const void *columns, void *x) {
  ik_movement_job job = {.type = type, .H = H, .W = W, .C = C, .KH = KH, .KW = KW, .stride = stride,
                         .pad_top = pad_top, .pad_left = pad_left, .OH = OH, .OW = OW, .in = columns, .out = x};
  ik_parallel_for(B * H, ik_grain(GRAIN, W * KH * KW * C), ik_table()->col2im, &job);
}
