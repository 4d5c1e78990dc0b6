/* SPDX-License-Identifier: MIT */
/*
 * The control domain: does what the file `description` of its ramdisk says (dom0/description.h),
 * or another one, by `description=` on its command line. It ends by switching the machine off;
 * when something went wrong, with a line `Bail out!` and by a crash.
 */
#include "dom0/run.h"
#include "dom0/watch.h"
#include "guest/control.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/power.h"
#include "guest/start.h"

#define DESCRIPTION_NAME "description"

static struct description description;

static uint64_t free_pages(void)
{
    struct xen_sysctl_physinfo info;
    long error = control_machine(&info);
    if (error)
        power_panic("the machine's memory: error %ld", error);
    return info.free_pages;
}

void guest_main(void)
{
    struct problem problem;
    struct archive archive;
    struct file file;
    size_t length;
    const char *name = start_option("description", &length);
    if (!name) {
        name = DESCRIPTION_NAME;
        length = strlen(name);
    }
    if (start_info->mod_len == 0)
        power_panic("expected a ramdisk, found none");
    if (!archive_open(&archive, (const void *)start_info->mod_start, start_info->mod_len, &problem))
        power_panic("ramdisk: %s", problem.text);
    if (!archive_find(&archive, name, length, &file))
        power_panic("ramdisk: expected a file `%.*s', found none", (int)length, name);
    if (!description_read(&description, file.name, file.bytes, file.size, &problem))
        power_panic("%s", problem.text);

    watch_init();
    uint64_t before = free_pages();
    bool good = run(&description, &archive, &problem);
    printf("# free pages: %lu before, %lu after\n", before, free_pages());
    if (!good)
        power_panic("%s", problem.text);
}
