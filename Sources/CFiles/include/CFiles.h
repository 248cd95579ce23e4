// What Swift's view of the C library leaves out.
#ifndef CFILES_H
#define CFILES_H

#include <stdbool.h>

/// Lets two names of one file system change places at once (Linux' RENAME_EXCHANGE).
/// Returns 0, or the error number: EINVAL or ENOSYS where the file system cannot do that.
int cf_exchange(const char *first, const char *second);

/// Whether the process ignores a signal, as one started under nohup ignores SIGHUP.
bool cf_is_ignored(int number);

/// Makes the process ignore a signal.
void cf_ignore(int number);

/// Holds one byte of an open file, which need not exist, against other processes and other opens of the file, until it is
/// let go or the file closed. Returns 0, or the error number: EAGAIN or EACCES where somebody else has it.
int cf_hold_byte(int file, long long offset);

/// Lets a byte go.
void cf_let_go_byte(int file, long long offset);

/// Gives freed memory, which the allocator keeps, back to the system, where the C library can.
void cf_give_back_memory(void);

#endif
