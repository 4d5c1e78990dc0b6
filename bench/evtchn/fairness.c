/* SPDX-License-Identifier: MIT */
#include "bench/evtchn/fairness.h"

#include <stdlib.h>
#include <string.h>

bool fairness_init(struct fairness *f, uint32_t ports)
{
    *f = (struct fairness){.ports = ports, .port = calloc(ports, sizeof *f->port)};
    return f->port != NULL;
}

void fairness_free(struct fairness *f)
{
    free(f->port);
}

void fairness_start(struct fairness *f, struct hist *last)
{
    memset(f->port, 0, f->ports * sizeof *f->port);
    f->sweep = 1;
    f->left = f->ports - 1;
    f->last = last;
    hist_reset(last);
}

void fairness_end(const struct fairness *f, struct hist *worst, struct evbench_observation *out)
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
