/* SPDX-License-Identifier: MIT */
#include "bench/runner/place.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".exp"

char *place_of_program(const char *name)
{
    char exe[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (length <= 0)
        return copy_text(name);
    exe[length] = '\0';
    *strrchr(exe, '/') = '\0';
    return format_text("%s/%s", exe, name);
}

static char *root(void)
{
    const char *given = getenv(PLACE_VARIABLE);
    return given != NULL && *given != '\0' ? copy_text(given) : place_of_program("..");
}

char *place_of(const char *sub)
{
    char *top = root();
    char *path = format_text("%s/%s", top, sub);
    free(top);
    return path;
}

static bool has_suffix(const char *name)
{
    size_t length = strlen(name);
    return length > strlen(SUFFIX) && strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

char *place_of_experiment(const char *name)
{
    if (strchr(name, '/') != NULL || has_suffix(name))
        return copy_text(name);
    char *sub = format_text("%s/%s" SUFFIX, PLACE_EXPERIMENTS, name);
    char *path = place_of(sub);
    free(sub);
    return path;
}

struct strings place_experiments(void)
{
    struct strings names = {0};
    glob_t found;
    char *pattern = place_of(PLACE_EXPERIMENTS "/*" SUFFIX);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char *name = strrchr(found.gl_pathv[i], '/') + 1;
            name[strlen(name) - strlen(SUFFIX)] = '\0';
            strings_add(&names, name);
        }
        globfree(&found);
    }
    free(pattern);
    return names;
}
