/* SPDX-License-Identifier: MIT */
#include "bench/runner/suites/bare.h"

#include <stdlib.h>
#include <string.h>

#include "bench/runner/place.h"

/* What the hypervisor is told beside what it is told under QEMU: there nobody resets a machine. */
#define OPTIONS "panic=reboot"
#define ARGUMENTS "end=reboot"

static bool is_used;
static struct loader *used;

void bare_use(struct loader *loader)
{
    is_used = true;
    used = loader;
}

const char *bare_missing(const char *guest)
{
    if (!is_used)
        return "a machine of its own boots from a medium of `ringside medium`, and is measured by "
               "`ringside collect`";
    return machine_images_missing(MACHINE_RINGSIDE, guest);
}

/* ---- what is booted ---- */

struct texts {
    char *hypervisor, *options, *guest, *arguments;
};

static struct medium_boot boot_of(const struct machine *m, struct texts *t)
{
    *t = (struct texts){
        .hypervisor = place_of_program(machine_hypervisor_image(m->hypervisor)),
        .options = format_text(OPTIONS " cpus=%u%s%s", m->cpus, m->options == NULL ? "" : " ",
                               m->options == NULL ? "" : m->options),
        .guest = place_of_program(m->guest),
        .arguments = format_text(ARGUMENTS "%s%s", m->arguments == NULL ? "" : " ",
                                 m->arguments == NULL ? "" : m->arguments),
    };
    return (struct medium_boot){.hypervisor = t->hypervisor,
                                .options = t->options,
                                .guest = t->guest,
                                .arguments = t->arguments,
                                .ramdisk = m->ramdisk};
}

static void texts_free(struct texts *t)
{
    free(t->hypervisor);
    free(t->options);
    free(t->guest);
    free(t->arguments);
}

static char *name_of(const struct machine *m, struct fault *fault)
{
    struct texts texts;
    const struct medium_boot boot = boot_of(m, &texts);
    char *name = medium_boot_name(&boot, fault);
    texts_free(&texts);
    return name;
}

bool bare_pack(const struct machine *m, struct medium *medium, struct fault *fault)
{
    struct texts texts;
    const struct medium_boot boot = boot_of(m, &texts);
    bool good = medium_add(medium, &boot, fault);
    texts_free(&texts);
    return good;
}

/* ---- a boot ---- */

bool bare_boot(const struct machine *m, struct program_end *end, struct fault *fault)
{
    enum loader_end how;
    *end = (struct program_end){0};
    char *name = name_of(m, fault);
    bool good = name != NULL && loader_boot(used, name, &end->text, &how, fault);
    free(name);
    if (good) {
        end->length = strlen(end->text);
        end->status = (int)how;
    }
    return good;
}

bool bare_ended(const struct program_end *end)
{
    return end->status == LOADER_REBOOTED;
}

char *bare_end_text(const struct program_end *end)
{
    static const char *const texts[] = {
        [LOADER_REBOOTED] = "the machine came to its end",
        [LOADER_STOPPED] = "the hypervisor panicked, or the control domain ended too early",
        [LOADER_RESET] = "the machine was reset",
        [LOADER_NO_END] = "the machine did not end within the limit (--limit)",
        [LOADER_LOST] = "the line was hung up",
    };
    return copy_text(texts[end->status]);
}

char *bare_command(const struct machine *m)
{
    struct fault fault;
    char *name = name_of(m, &fault);
    char *text = name == NULL ? copy_text(fault.text)
                              : format_text("%s, typed where the medium asks what to boot", name);
    free(name);
    return text;
}

bool bare_is_over(void)
{
    return used != NULL && loader_is_over(used);
}

/* ---- what it is ---- */

void bare_describe(json_t *machine)
{
    if (used == NULL)
        return;
    const struct label *label = loader_label(used);
    json_object_set_new(machine, "collected",
                        json_pack("{s:s?, s:s?, s:s?}", "machine", label->machine, "medium",
                                  label->program, "hypervisor", label->hypervisor));
}
