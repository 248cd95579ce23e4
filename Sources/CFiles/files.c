#define _GNU_SOURCE
#include "CFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

int cf_exchange(const char *first, const char *second) {
  return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE) == 0 ? 0 : errno;
}

bool cf_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void cf_ignore(int number) { signal(number, SIG_IGN); }

static int lock_byte(int file, long long offset, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(file, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

int cf_hold_byte(int file, long long offset) { return lock_byte(file, offset, F_WRLCK); }

void cf_let_go_byte(int file, long long offset) { lock_byte(file, offset, F_UNLCK); }

void cf_give_back_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}
