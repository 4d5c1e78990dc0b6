/* SPDX-License-Identifier: MIT */
/*
 * A ramdisk of the control domain: the input as an archive, and each file of it as a kernel and as
 * a description. A file's contents are given as an input by themselves, too, because few changed
 * archives are archives still.
 */
#include <string.h>

#include "dom0/archive.h"
#include "dom0/description.h"
#include "dom0/image.h"
#include "dom0/place.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_hv.h"

#define PAGES 4096U /* of the domain that a kernel is placed in */

static void check_problem(bool good, const struct problem *problem)
{
    fuzz_check(good || (problem->text[0] != '\0' &&
                        memchr(problem->text, '\0', sizeof(problem->text)) != NULL));
}

static bool inside(const void *p, size_t n, const void *whole, size_t size)
{
    return (uintptr_t)p >= (uintptr_t)whole && n <= size &&
           (uintptr_t)p - (uintptr_t)whole <= size - n;
}

static void kernel(const void *bytes, size_t size)
{
    struct problem problem = {""};
    struct image image;
    struct place place;
    uint64_t entries[PLACE_TABLE_ENTRIES];
    static uint64_t frames[PAGES];
    fuzz_call("image_read", 0);
    bool good = image_read(&image, bytes, size, &problem);
    check_problem(good, &problem);
    for (unsigned i = 0; good && i < image.segments_count; i++) {
        const struct segment *s = &image.segments[i];
        fuzz_check(inside(s->bytes, s->file_size, bytes, size) && s->file_size <= s->memory_size &&
                   s->offset + s->memory_size <= image.end);
    }
    fuzz_call("place_make", 0);
    if (!good || !place_make(&place, &image, 0, PAGES, &problem))
        return;
    fuzz_check(place.mapped <= PAGES && place.stack < place.mapped);
    for (uint64_t i = 0; i < place.tables_count; i++)
        place_table(&place, i, frames, entries);
}

static void description(const void *bytes, size_t size)
{
    static struct description d;
    struct problem problem = {""};
    fuzz_call("description_read", 0);
    bool good = description_read(&d, "file", bytes, size, &problem);
    check_problem(good, &problem);
    for (unsigned i = 0; good && i < d.domains_count; i++) {
        const struct described_domain *domain = &d.domains[i];
        fuzz_check(inside(domain->kernel.at, domain->kernel.length, bytes, size));
        fuzz_check(domain->memory > 0 && domain->vcpus >= 1 &&
                   domain->vcpus <= DESCRIBED_VCPUS_MAX);
    }
    for (unsigned i = 0; good && i < d.channels_count; i++)
        fuzz_check(d.channels[i].front < d.domains_count && d.channels[i].back < d.domains_count);
}

void fuzz_ramdisk_one(const uint8_t *data, size_t size)
{
    struct archive archive;
    struct problem problem = {""};
    struct file file;
    kernel(data, size);
    description(data, size);
    fuzz_call("archive_open", 0);
    bool good = archive_open(&archive, data, size, &problem);
    check_problem(good, &problem);
    for (size_t at = 0; good && archive_next(&archive, &at, &file);) {
        fuzz_check(inside(file.bytes, file.size, data, size));
        fuzz_check(inside(file.name, strlen(file.name) + 1, data, size));
        kernel(file.bytes, file.size);
        description(file.bytes, file.size);
    }
}
