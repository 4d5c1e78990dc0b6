/* SPDX-License-Identifier: MIT */
/*
 * fuzz-corpus: gives every committed input to its layout, to evtchn, or to what the hypervisor
 * boots from, without libFuzzer. Prints TAP, a test each. All inputs of one run in one child
 * process: a finding ends it and is named.
 *
 * Run from the root of the repository, where the corpus is.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_evtchn.h"
#include "tests/fuzz/fuzz_hv.h"

#define CORPUS "tests/fuzz/corpus"
#define INPUT_MAX 65536

#define RING_LAYOUT(id, name, without, why) void id##_fuzz_one(const uint8_t *, size_t);
#include "rings/layouts.def"
#undef RING_LAYOUT

static const struct {
    const char *id, *name;
    void (*one)(const uint8_t *, size_t);
} layouts[] = {
#define RING_LAYOUT(id, name, without, why) {#id, name, id##_fuzz_one},
#include "rings/layouts.def"
#undef RING_LAYOUT
    {"evtchn", "evtchn", fuzz_evtchn_one},          {"kernel", "kernel", fuzz_kernel_one},
    {"multiboot", "multiboot", fuzz_multiboot_one}, {"option", "option", fuzz_option_one},
    {"ramdisk", "ramdisk", fuzz_ramdisk_one},
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/* What the child is at, for its parent. */
struct progress {
    size_t inputs;
    char file[512];
};

static void replay(size_t layout, struct progress *progress)
{
    static uint8_t bytes[INPUT_MAX];
    char folder[256];
    snprintf(folder, sizeof(folder), CORPUS "/%s", layouts[layout].id);
    layouts[layout].one(bytes, 0); /* the input that every corpus has */
    DIR *dir = opendir(folder);
    if (dir == NULL)
        _exit(0);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(progress->file, sizeof(progress->file), "%s/%s", folder, entry->d_name);
        FILE *file = fopen(progress->file, "rb");
        if (file == NULL)
            _exit(1);
        size_t size = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        uint8_t *exact = (uint8_t *)malloc(size);
        if (size == 0 || exact == NULL)
            _exit(1);
        memcpy(exact, bytes, size);
        layouts[layout].one(exact, size);
        free(exact);
        progress->inputs++;
    }
    closedir(dir);
    _exit(0);
}

int main(void)
{
    struct progress *progress = (struct progress *)mmap(
        NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED || access(CORPUS, R_OK) != 0) {
        printf("Bail out! no " CORPUS " here\n");
        return 1;
    }
    int status, failed = 0;
    printf("1..%zu\n", LAYOUTS);
    for (size_t l = 0; l < LAYOUTS; l++) {
        memset(progress, 0, sizeof(*progress));
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            replay(l, progress);
        bool ok = child > 0 && waitpid(child, &status, 0) == child && status == 0;
        failed += !ok;
        printf("%s %zu - %s: %zu inputs\n", ok ? "ok" : "not ok", l + 1, layouts[l].name,
               progress->inputs);
        if (!ok)
            printf("# at %s: see standard error\n",
                   progress->file[0] != '\0' ? progress->file : "the empty input");
    }
    return failed != 0;
}
