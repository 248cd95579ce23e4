// A table of bounded size: values by key, of which the least recently used go when it is full.
#ifndef IMAGO_IDNN_TABLE_H
#define IMAGO_IDNN_TABLE_H
#include <stdint.h>

enum { IDNN_KEY_LENGTH = 24 };
typedef struct idnn_table idnn_table;

// NULL if there is no memory. `destroy` gets values that are thrown out.
idnn_table *idnn_table_create(int64_t limit, void (*destroy)(void *value));
void idnn_table_destroy(idnn_table *t);
// The value of a key, which now is the most recently used; NULL if there is none.
void *idnn_table_find(idnn_table *t, const int64_t key[IDNN_KEY_LENGTH]);
// Adds a value under a new key and throws out what is too much. Returns its number, which no other value ever has; 0 if there is
// no memory.
uint64_t idnn_table_add(idnn_table *t, const int64_t key[IDNN_KEY_LENGTH], void *value);
// The value of that number, if it is still there.
void *idnn_table_get(const idnn_table *t, uint64_t number);
int64_t idnn_table_count(const idnn_table *t);
#endif
