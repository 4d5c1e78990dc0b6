/* SPDX-License-Identifier: MIT */
/* The self-test: every test that is linked into the image. */
#include "guest/start.h"
#include "guest/tap.h"

void guest_main(void)
{
    tap_run();
}
