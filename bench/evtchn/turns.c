/* SPDX-License-Identifier: MIT */
#include "bench/evtchn/turns.h"

#include <stdlib.h>
#include <string.h>

bool turns_init(struct turns *t, uint32_t ports)
{
    *t = (struct turns){.ports = ports, .port = calloc(ports, sizeof *t->port)};
    return t->port != NULL;
}

void turns_free(struct turns *t)
{
    free(t->port);
}

void turns_start(struct turns *t, struct hist *last)
{
    memset(t->port, 0, t->ports * sizeof *t->port);
    t->sweep = 1;
    t->left = t->ports - 1;
    t->last = last;
    hist_reset(last);
}

void turns_end(const struct turns *t, struct hist *worst, struct evbench_observation *out)
{
    double sum = 0, squares = 0;
    hist_reset(worst);
    out->sweeps = t->sweep - 1;
    for (uint32_t port = 1; port < t->ports; port++) {
        double serves = t->port[port].serves;
        sum += serves;
        squares += serves * serves;
        out->starved += serves == 0;
        hist_record(worst, t->port[port].worst);
    }
    out->jain = sum * sum / ((t->ports - 1) * squares);
    out->has_fairness = true;
}
