/* SPDX-License-Identifier: MIT */
/*
 * report.html: a run for people to read, in one file that needs nothing else: no network, no
 * script, no other file of the folder. It reads on a telephone and prints.
 */
#ifndef RUNNER_PAGE_H
#define RUNNER_PAGE_H

#include "bench/runner/run_view.h"

#define PAGE_FILE "report.html"

/* Of the figures that have been drawn; those that have not are said to be missing. */
bool page_write(const struct run_view *view, struct fault *fault);

#endif
