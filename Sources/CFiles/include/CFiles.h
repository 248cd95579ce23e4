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

#endif
