/* SPDX-License-Identifier: MIT */
/*
 * The control domain of experiments: carries out, one after another, the descriptions that its
 * ramdisk holds as `point-0`, `point-1` and so on. What a domain prints is shown with its name
 * before it; around it stand
 *
 *     @ point N
 *     @ good N        or        @ bad N what went wrong
 *
 * A point that goes wrong leaves the others as they are.
 */
#include "dom0/run.h"
#include "dom0/watch.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"

static struct description description;
static struct archive archive;

static void run_point(unsigned n, const struct file *file)
{
    struct problem problem;
    printf("@ point %u\n", n);
    bool good = description_read(&description, file->name, file->bytes, file->size, &problem) &&
                run(&description, &archive, &problem);
    if (good)
        printf("@ good %u\n", n);
    else
        printf("@ bad %u %s\n", n, problem.text);
}

void guest_main(void)
{
    struct problem problem;
    struct file file;
    char name[16];
    if (start_info->mod_len == 0)
        power_panic("expected a ramdisk, found none");
    if (!archive_open(&archive, (const void *)start_info->mod_start, start_info->mod_len, &problem))
        power_panic("ramdisk: %s", problem.text);
    watch_init();
    for (unsigned n = 0;; n++) {
        size_t length = (size_t)snprintf(name, sizeof(name), "point-%u", n);
        if (!archive_find(&archive, name, length, &file))
            break;
        run_point(n, &file);
    }
    printf("@ over\n");
}
