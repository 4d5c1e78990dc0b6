/* SPDX-License-Identifier: MIT */
#include "bench/native/processors.h"

#include <stdio.h>
#include <stdlib.h>

/* A processor's core, told apart across packages; -1 where the kernel does not say. */
static int core_of(int cpu)
{
    int id[2] = {-1, -1};
    static const char *const names[2] = {"physical_package_id", "core_id"};
    for (int i = 0; i < 2; i++) {
        char path[96];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, names[i]);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            return -1;
        char line[16] = "";
        if (fgets(line, sizeof line, file) != NULL)
            id[i] = (int)strtol(line, NULL, 10);
        fclose(file);
    }
    return id[0] < 0 || id[1] < 0 ? -1 : id[0] << 16 | id[1];
}

/*
 * The first allowed processor that is not `other`, which is the other side's or -1. Hardware
 * threads of one core share its caches: that would measure another thing, so another core comes
 * first.
 */
static int choose_cpu(const cpu_set_t *allowed, int other)
{
    int second_best = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, allowed) || cpu == other)
            continue;
        if (other < 0 || core_of(cpu) != core_of(other) || core_of(cpu) < 0)
            return cpu;
        if (second_best < 0)
            second_best = cpu;
    }
    return second_best;
}

int processors_choose(int two[2], cpu_set_t *allowed, char *error, size_t error_size)
{
    CPU_ZERO(allowed);
    sched_getaffinity(0, sizeof *allowed, allowed);
    int count = CPU_COUNT(allowed);
    if (count < 2) {
        snprintf(error, error_size, "two processors are needed, %d may be used", count);
        return -1;
    }
    for (int i = 0; i < 2; i++)
        if (two[i] < 0)
            two[i] = choose_cpu(allowed, two[1 - i]);
    for (int i = 0; i < 2; i++)
        if (two[i] >= CPU_SETSIZE || !CPU_ISSET(two[i], allowed)) {
            snprintf(error, error_size, "processor %d does not exist or may not be used", two[i]);
            return -1;
        }
    if (two[0] == two[1]) {
        snprintf(error, error_size, "the two sides need two processors, both are %d", two[0]);
        return -1;
    }
    return 0;
}

void processor_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}
