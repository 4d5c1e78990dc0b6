/* SPDX-License-Identifier: MIT */
/* What the hypervisor says on its console. `loglvl=` chooses how much of it. */
#ifndef HV_LOG_H
#define HV_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* One line or more; the text ends with a newline. Any context, any CPU. */
void log_at(enum log_level level, const char *form, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* As it is, without a prefix, whatever the level: a guest's console. */
void log_raw(const char *text, size_t length);

/* What was said, without what guests did: up to n characters from number *from on, or from the
 * oldest that is kept; and where a reader begins who has not read before, which log_clear() sets.
 */
uint32_t log_read(char *to, uint32_t n, uint32_t *from);
uint32_t log_start(void);
void log_clear(uint32_t to);

/* From now on no lock is waited for: the one who held it may be this CPU, or stopped. */
void log_bust_lock(void);

#endif
