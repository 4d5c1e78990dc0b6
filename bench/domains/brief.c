/* SPDX-License-Identifier: MIT */
/* A domain that ends as soon as it has begun: whoever restarts it has no rest. */
#include "guest/start.h"

void guest_main(void)
{
}
