/* SPDX-License-Identifier: MIT */
#include "bench/evtchn/turns.h"

#include <stdlib.h>
#include <string.h>

bool turns_init(struct turns *f, uint32_t ports)
{
    *f = (struct turns){.ports = ports, .port = calloc(ports, sizeof *f->port)};
    return f->port != NULL;
}

void turns_free(struct turns *f)
{
    free(f->port);
}

void turns_start(struct turns *f, struct hist *last)
{
    memset(f->port, 0, f->ports * sizeof *f->port);
    f->sweep = 1;
    f->left = f->ports - 1;
    f->last = last;
    hist_reset(last);
}

void turns_end(const struct turns *f, struct hist *worst, struct evbench_observation *out)
{
    double sum = 0, squares = 0;
    hist_reset(worst);
    out->sweeps = f->sweep - 1;
    for (uint32_t port = 1; port < f->ports; port++) {
        double serves = f->port[port].serves;
        sum += serves;
        squares += serves * serves;
        out->starved += serves == 0;
        hist_record(worst, f->port[port].worst);
    }
    out->jain = sum * sum / ((f->ports - 1) * squares);
    out->has_fairness = true;
}
