/* SPDX-License-Identifier: MIT */
#include "bench/runner/environment.h"

#include <cpuid.h>
#include <ctype.h>
#include <gnu/libc-version.h>
#include <gsl/gsl_version.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/runner/text.h"
#include "build_info.h"

#define CPUID_HYPERVISOR 0x40000000U    /* leaf of the hypervisor's signature, by convention */
#define CPUID_ECX_HYPERVISOR (1U << 31) /* of leaf 1; set for guests only */

const char *environment_version(void)
{
    return BUILD_DIRTY ? PROGRAM_VERSION " (commit " BUILD_COMMIT ", modified)"
                       : PROGRAM_VERSION " (commit " BUILD_COMMIT ")";
}

json_t *environment_program(void)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "name", "ringside", "version",
                     PROGRAM_VERSION, "commit", BUILD_COMMIT, "modified", BUILD_DIRTY, "compiler",
                     BUILD_COMPILER, "flags", BUILD_FLAGS);
}

json_t *environment_libraries(void)
{
    char config[32];
    snprintf(config, sizeof(config), "%d.%d.%d", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR,
             LIBCONFIG_VER_REVISION);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "glibc",
                     gnu_get_libc_version(), "gsl", gsl_version, "jansson", jansson_version_str(),
                     "libconfig", config, "libpfm4", BUILD_LIBPFM, "dpdk", BUILD_DPDK, "ck",
                     BUILD_CK, "liburing", BUILD_LIBURING, "libxen-dev", BUILD_XEN);
}

/* The first line of a file without its end, or NULL. The caller frees. */
static char *first_line(const char *path)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return NULL;
    char *line = NULL;
    size_t size = 0;
    ssize_t length = getline(&line, &size, in);
    fclose(in);
    if (length <= 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* The value of a `name : value` line of /proc/cpuinfo, or NULL. The caller frees. */
static char *cpuinfo(const char *name)
{
    FILE *in = fopen("/proc/cpuinfo", "re");
    if (in == NULL)
        return NULL;
    char *line = NULL, *value = NULL;
    size_t size = 0;
    while (value == NULL && getline(&line, &size, in) > 0) {
        char *colon = strchr(line, ':');
        if (strncmp(line, name, strlen(name)) != 0 || colon == NULL)
            continue;
        do
            colon++;
        while (isblank((unsigned char)*colon));
        colon[strcspn(colon, "\n")] = '\0';
        value = copy_text(colon);
    }
    free(line);
    fclose(in);
    return value;
}

/* What the signature of a well-known hypervisor stands for; others stand for themselves. */
static const char *hypervisor_name(const char *signature)
{
    static const char *const known[][2] = {
        {"KVMKVMKVM", "KVM"},       {"XenVMMXenVMM", "Xen"},      {"Microsoft Hv", "Hyper-V"},
        {"VMwareVMware", "VMware"}, {"TCGTCGTCGTCG", "QEMU TCG"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(known[i][0], signature) == 0)
            return known[i][1];
    return *signature == '\0' ? "an unnamed hypervisor" : signature;
}

/* Null on bare metal. */
static json_t *hypervisor(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & CPUID_ECX_HYPERVISOR))
        return json_null();
    unsigned signature[3];
    __cpuid(CPUID_HYPERVISOR, a, signature[0], signature[1], signature[2]);
    char text[sizeof(signature) + 1] = {0};
    memcpy(text, signature, sizeof(signature));
    for (char *t = text; *t != '\0'; t++)
        if (!isprint((unsigned char)*t))
            *t = '?';
    return json_string(hypervisor_name(text));
}

static json_t *string_or_null(char *text)
{
    json_t *json = text == NULL ? json_null() : json_string(text);
    free(text);
    return json == NULL ? json_null() : json;
}

static char *cpu_file(int cpu, const char *name)
{
    char *path = format_text("/sys/devices/system/cpu/cpu%d/%s", cpu, name);
    char *line = first_line(path);
    free(path);
    return line;
}

/* Do both processors have the same text in this file? False if it cannot be known. */
static bool same(int a, int b, const char *name)
{
    char *text_a = cpu_file(a, name), *text_b = cpu_file(b, name);
    bool equal = text_a != NULL && text_b != NULL && strcmp(text_a, text_b) == 0;
    free(text_a);
    free(text_b);
    return equal;
}

static const char *placement(int a, int b)
{
    char *known = cpu_file(a, "topology/physical_package_id");
    if (known == NULL)
        return "unknown";
    free(known);
    if (!same(a, b, "topology/physical_package_id"))
        return "two packages";
    return same(a, b, "topology/core_id") ? "two threads of one core" : "two cores of one package";
}

double environment_load(void)
{
    double load;
    return getloadavg(&load, 1) == 1 ? load : 0;
}

json_t *environment_machine(void)
{
    struct utsname u;
    uname(&u);
    char *kernel = format_text("%s %s %s", u.sysname, u.release, u.machine);
    json_t *machine =
        json_pack("{s:o, s:s, s:s, s:i, s:o, s:f}", "processor",
                  string_or_null(cpuinfo("model name")), "kernel", kernel, "kernel_build",
                  u.version, "processors_online", (int)sysconf(_SC_NPROCESSORS_ONLN), "hypervisor",
                  hypervisor(), "load_average", environment_load());
    free(kernel);
    return machine;
}

void environment_add_pair(json_t *machine, int front, int back, double tsc_hz)
{
    json_t *pair =
        json_pack("{s:i, s:i, s:s, s:o, s:f}", "cpu_front", front, "cpu_back", back, "placement",
                  placement(front, back), "governor",
                  string_or_null(cpu_file(front, "cpufreq/scaling_governor")), "tsc_hz", tsc_hz);
    json_object_update(machine, pair);
    json_decref(pair);
}
