// See idnn_table.h.
#include "idnn_table.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

typedef struct entry {
  struct entry *next;
  int64_t key[IDNN_KEY_LENGTH];
  uint64_t number, used;
  void *value;
} entry;

struct idnn_table {
  int64_t limit, count;
  void (*destroy)(void *value);
  uint64_t numbers, clock;
  entry *buckets[BUCKETS];
};

static unsigned bucket_of(const int64_t *key) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, a word at a time
  for (int i = 0; i < IDNN_KEY_LENGTH; i++) hash = (hash ^ (uint64_t)key[i]) * 0x100000001b3u;
  return (unsigned)((hash ^ hash >> 29) % BUCKETS);
}

idnn_table *idnn_table_create(int64_t limit, void (*destroy)(void *value)) {
  idnn_table *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->limit = limit < 1 ? 1 : limit;
  t->destroy = destroy;
  return t;
}

static void drop(idnn_table *t, entry **place) {
  entry *gone = *place;
  *place = gone->next;
  t->count--;
  t->destroy(gone->value);
  free(gone);
}

void idnn_table_destroy(idnn_table *t) {
  for (int k = 0; k < BUCKETS; k++)
    while (t->buckets[k]) drop(t, &t->buckets[k]);
  free(t);
}

void *idnn_table_find(idnn_table *t, const int64_t key[IDNN_KEY_LENGTH]) {
  entry *e = t->buckets[bucket_of(key)];
  while (e && memcmp(e->key, key, sizeof e->key)) e = e->next;
  if (!e) return NULL;
  e->used = ++t->clock;
  return e->value;
}

// Adding is rare and dear beside a walk over the whole table.
static void drop_oldest(idnn_table *t) {
  entry **oldest = NULL;
  for (int k = 0; k < BUCKETS; k++)
    for (entry **e = &t->buckets[k]; *e; e = &(*e)->next)
      if (!oldest || (*e)->used < (*oldest)->used) oldest = e;
  if (oldest) drop(t, oldest);
}

uint64_t idnn_table_add(idnn_table *t, const int64_t key[IDNN_KEY_LENGTH], void *value) {
  entry *e = calloc(1, sizeof *e);
  if (!e) return 0;
  while (t->count >= t->limit) drop_oldest(t);
  const unsigned k = bucket_of(key);
  memcpy(e->key, key, sizeof e->key);
  e->value = value;
  e->number = ++t->numbers * BUCKETS + k;  // says where to look
  e->used = ++t->clock;
  e->next = t->buckets[k];
  t->buckets[k] = e;
  t->count++;
  return e->number;
}

void *idnn_table_get(const idnn_table *t, uint64_t number) {
  const entry *e = t->buckets[number % BUCKETS];
  while (e && e->number != number) e = e->next;
  return e ? e->value : NULL;
}

int64_t idnn_table_count(const idnn_table *t) { return t->count; }
