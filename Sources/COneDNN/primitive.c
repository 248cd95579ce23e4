// Creating and running oneDNN's primitives.
#include "internal.h"
#include <stdio.h>
#include <string.h>

static dnnl_status_t append_activation(dnnl_post_ops_t ops, idnn_activation act) {
  switch (act) {
  case IDNN_NONE: return dnnl_success;
  case IDNN_SILU: return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_swish, 1, 0);
  case IDNN_GELU: return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_gelu_erf, 0, 0);
  case IDNN_QUICK_GELU: return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_swish, 1.702f, 0);
  case IDNN_RELU: return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
  }
  return dnnl_invalid_arguments;
}

static int make_attributes(dnnl_primitive_attr_t *attr, int has_residual, const dnnl_memory_desc_t *residual, idnn_activation act) {
  int status = dnnl_primitive_attr_create(attr);
  if (status) return status;
  status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
  if (!status && (has_residual || act != IDNN_NONE)) {
    dnnl_post_ops_t ops;
    status = dnnl_post_ops_create(&ops);
    if (!status) {
      if (has_residual)
        status = residual ? dnnl_post_ops_append_binary(ops, dnnl_binary_add, residual) : dnnl_post_ops_append_sum(ops, 1);
      if (!status) status = append_activation(ops, act);
      if (!status) status = dnnl_primitive_attr_set_post_ops(*attr, ops);
      dnnl_post_ops_destroy(ops);
    }
  }
  if (status) dnnl_primitive_attr_destroy(*attr);
  return status;
}

static const char *name_of(const_dnnl_primitive_desc_t pd) {
  const char *name = "";
  dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
  return name;
}

static int choose(dnnl_primitive_desc_t *pd, const_dnnl_op_desc_t desc, dnnl_primitive_attr_t attr, const char *preferred) {
  if (preferred) {
    dnnl_primitive_desc_iterator_t each;
    int found = 0, status = dnnl_primitive_desc_iterator_create(&each, desc, attr, idnn_engine(), NULL);
    if (status) return status;
    for (; !status && !found; status = found ? 0 : dnnl_primitive_desc_iterator_next(each)) {
      *pd = dnnl_primitive_desc_iterator_fetch(each);
      found = !strncmp(name_of(*pd), preferred, strlen(preferred));
      if (!found) dnnl_primitive_desc_destroy(*pd);
    }
    dnnl_primitive_desc_iterator_destroy(each);
    if (found) return 0;
  }
  return dnnl_primitive_desc_create(pd, desc, attr, idnn_engine(), NULL);
}

// oneDNN gives each thread one fixed share. Kernels whose threads never wait for one another are told of PARTS times as many
// threads as there are, and the pool hands the shares out; sums over channels stay whole, so results are the same bits.
enum { PARTS = 4 };
static int is_divisible(const char *name) { return !strncmp(name, "brg", 3) || !strncmp(name, "jit_bf16:", 9); }

// An implementation, and into how many parts a thread it is cut.
typedef struct {
  dnnl_primitive_desc_t pd;
  int parts;
} choice;

static int choose_divided(choice *c, const idnn_recipe *r, dnnl_primitive_attr_t attr) {
  c->parts = PARTS;
  ik_divide(PARTS);
  int status = choose(&c->pd, r->desc, attr, r->preferred);
  ik_divide(1);
  if (status || is_divisible(name_of(c->pd))) return status;
  dnnl_primitive_desc_destroy(c->pd);
  c->parts = 1;
  return choose(&c->pd, r->desc, attr, r->preferred);
}

static int choose_gradient(choice *c, const idnn_recipe *r, dnnl_primitive_attr_t attr) {
  c->parts = 1;
  dnnl_primitive_desc_t hint;
  int status = dnnl_primitive_desc_create(&hint, r->forward, attr, idnn_engine(), NULL);
  if (status) return status;
  status = dnnl_primitive_desc_create(&c->pd, r->desc, attr, idnn_engine(), hint);
  dnnl_primitive_desc_destroy(hint);
  return status;
}

// Creates the primitive and destroys its description.
static int create(idnn_primitive *p, choice c) {
  memset(p, 0, sizeof *p);
  snprintf(p->name, sizeof p->name, "%s", name_of(c.pd));
  p->parts = c.parts;
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(c.pd, dnnl_query_scratchpad_md, 0);
  ik_divide(p->parts);
  int status = dnnl_primitive_create(&p->handle, c.pd);
  ik_divide(1);
  if (!status && scratch && dnnl_memory_desc_get_size(scratch)) {
    p->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    p->arguments[0].arg = DNNL_ARG_SCRATCHPAD;
    status = dnnl_memory_create(&p->arguments[0].memory, scratch, idnn_engine(), DNNL_MEMORY_NONE);
  }
  dnnl_primitive_desc_destroy(c.pd);
  return status;
}

// The scratchpad, if any, stays the last argument.
static int add_argument(idnn_primitive *p, int argument, const dnnl_memory_desc_t *desc) {
  p->arguments[p->count + 1] = p->arguments[p->count];
  dnnl_exec_arg_t *a = &p->arguments[p->count++];
  a->arg = argument;
  a->memory = NULL;
  return dnnl_memory_create(&a->memory, desc, idnn_engine(), DNNL_MEMORY_NONE);
}

int idnn_prepare(idnn_primitive *p, const idnn_recipe *r) {
  dnnl_primitive_attr_t attr;
  int status = make_attributes(&attr, r->has_residual, r->residual, r->act);
  if (status) return status;
  choice c;
  status = r->forward ? choose_gradient(&c, r, attr) : choose_divided(&c, r, attr);
  dnnl_primitive_attr_destroy(attr);
  if (status) return status;
  const int most = (int)(sizeof r->operands / sizeof *r->operands);
  for (int i = 0; i < most; i++) {
    const idnn_operand *o = &r->operands[i];
    if (o->chosen) *o->chosen = *dnnl_primitive_desc_query_md(c.pd, o->query, 0);
  }
  status = create(p, c);
  for (int i = 0; i < most && !status; i++) {
    const idnn_operand *o = &r->operands[i];
    if (o->chosen || o->given) status = add_argument(p, o->argument, o->chosen ? o->chosen : o->given);
  }
  return status;
}

static dnnl_stream_t stream(void) {
  static dnnl_stream_t only;
  if (!only) dnnl_stream_create(&only, idnn_engine(), dnnl_stream_default_flags);
  return only;
}

int idnn_execute(const idnn_primitive *p, void *const *pointers) {
  int status = 0, n = p->count;
  for (int i = 0; i < n && !status; i++) {
    if (!pointers[i]) return idnn_fail(dnnl_invalid_arguments, "%s: operand %d of %d is missing", p->name, i + 1, n);
    status = dnnl_memory_set_data_handle(p->arguments[i].memory, pointers[i]);
  }
  if (p->scratch_bytes && !status) {
    void *scratch = im_scratch(IM_SCRATCH_LIBRARY, p->scratch_bytes);
    if (!scratch) return dnnl_out_of_memory;
    status = dnnl_memory_set_data_handle(p->arguments[n++].memory, scratch);
  }
  ik_divide(p->parts);
  if (!status) status = dnnl_primitive_execute(p->handle, stream(), n, p->arguments);
  ik_divide(1);
  if (!status) status = dnnl_stream_wait(stream());
  return status ? idnn_fail(status, "running %s", p->name) : 0;
}

void idnn_primitive_destroy(idnn_primitive *p) {
  for (int i = 0; i < p->count + (p->scratch_bytes > 0); i++)
    if (p->arguments[i].memory) dnnl_memory_destroy(p->arguments[i].memory);
  if (p->handle) dnnl_primitive_destroy(p->handle);
  memset(p, 0, sizeof *p);
}

int idnn_reorder(idnn_primitive *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_attr_t attr;
  int status = make_attributes(&attr, 0, NULL, IDNN_NONE);
  if (status) return status;
  choice c = {NULL, 1};
  status = dnnl_reorder_primitive_desc_create(&c.pd, from, idnn_engine(), to, idnn_engine(), attr);
  dnnl_primitive_attr_destroy(attr);
  if (!status) status = create(p, c);
  if (!status) status = add_argument(p, DNNL_ARG_FROM, from);
  if (!status) status = add_argument(p, DNNL_ARG_TO, to);
  return status;
}
