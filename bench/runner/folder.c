/* SPDX-License-Identifier: MIT */
#include "bench/runner/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RESULTS "results"
#define NAMES_MAX 60   /* bytes of experiments' names in a folder's name */
#define ATTEMPTS 10000 /* runs started within one second */
#define COPY_BLOCK 65536

/* mkdir -p */
static bool make_all(const char *path, struct fault *fault)
{
    char *part = copy_text(path);
    bool good = true;
    for (char *slash = part + 1; good && slash != NULL;) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            good = fault_set(fault, "cannot make the folder %s: %s", part, strerror(errno));
        if (slash != NULL)
            *slash++ = '/';
    }
    free(part);
    return good;
}

static bool is_empty(const char *path, struct fault *fault)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return fault_set(fault, "%s: %s; give a folder that does not exist yet, or is empty", path,
                         strerror(errno));
    bool empty = true;
    for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            empty = false;
    closedir(dir);
    return empty ||
           fault_set(fault,
                     "%s is not empty, and a run never overwrites; give a folder that does "
                     "not exist yet, or is empty",
                     path);
}

static char *default_name(const struct strings *names)
{
    char *joined = strings_join(names, "+");
    if (strlen(joined) > NAMES_MAX) {
        free(joined);
        joined = format_text("%s+%zu-more", names->at[0], names->count - 1);
    }
    char when[32];
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof(when), "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    char *name = format_text(RESULTS "/%s-%s", when, joined);
    free(joined);
    return name;
}

static char *create_default(const struct strings *names, struct fault *fault)
{
    if (!make_all(RESULTS, fault))
        return NULL;
    char *name = default_name(names);
    char *path = copy_text(name);
    for (int i = 2; mkdir(path, 0777) != 0; i++) {
        int error = i > ATTEMPTS ? EEXIST : errno;
        bool taken = error == EEXIST && i <= ATTEMPTS;
        if (!taken)
            fault_set(fault, "cannot make the folder %s: %s", path, strerror(error));
        free(path);
        path = taken ? format_text("%s-%d", name, i) : NULL;
        if (path == NULL)
            break;
    }
    free(name);
    return path;
}

char *folder_create(const char *out, const struct strings *names, struct fault *fault)
{
    if (out == NULL)
        return create_default(names, fault);
    return make_all(out, fault) && is_empty(out, fault) ? copy_text(out) : NULL;
}

bool folder_make(const char *dir, const char *sub, struct fault *fault)
{
    char *path = format_text("%s/%s", dir, sub);
    bool good = make_all(path, fault);
    free(path);
    return good;
}

bool write_whole(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(fd, text, length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        text += wrote;
        length -= (size_t)wrote;
    }
    return true;
}

static bool copy_fd(int from, int to)
{
    char block[COPY_BLOCK];
    for (;;) {
        ssize_t got = read(from, block, sizeof(block));
        if (got <= 0)
            return got == 0;
        if (!write_whole(to, block, (size_t)got))
            return false;
    }
}

bool folder_copy(const char *from, const char *to, struct fault *fault)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return fault_set(fault, "cannot read %s: %s", from, strerror(errno));
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool good = out >= 0 && copy_fd(in, out);
    if (!good)
        fault_set(fault, "cannot copy %s to %s: %s", from, to, strerror(errno));
    close(in);
    if (out >= 0)
        close(out);
    return good;
}
