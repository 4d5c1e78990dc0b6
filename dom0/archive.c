/* SPDX-License-Identifier: MIT */
#include "dom0/archive.h"
#include "guest/lib/string.h"

#define HEADER_SIZE 110U
#define MAGIC "070701"
#define MAGIC_WITH_CHECKSUM "070702"
#define NUMBER_DIGITS 8U
#define ALIGNMENT 4U
#define END_NAME "TRAILER!!!"
#define NAME_MAX 255U

#define MODE_KIND 0170000U
#define MODE_FILE 0100000U
#define MODE_DIRECTORY 0040000U

/* Places of the numbers that matter, of thirteen. */
enum { MODE = 1, LINKS = 4, SIZE = 6, NAME_SIZE = 11 };

struct entry {
    uint32_t mode, links;
    const char *name;
    const uint8_t *bytes;
    size_t size;
    size_t next; /* where the next one begins */
};

static bool number(const uint8_t *header, unsigned place, uint32_t *value)
{
    const uint8_t *digits = header + sizeof(MAGIC) - 1 + (size_t)place * NUMBER_DIGITS;
    *value = 0;
    for (unsigned i = 0; i < NUMBER_DIGITS; i++) {
        unsigned c = digits[i];
        unsigned digit = c >= '0' && c <= '9'   ? c - '0'
                         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static size_t aligned(size_t n)
{
    return (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Reads the entry at `at`, which is not behind the end, without saying what it means. */
static bool read_entry(const struct archive *a, size_t at, struct entry *e, struct problem *problem)
{
    size_t left = a->size - at;
    const uint8_t *header = a->bytes + at;
    uint32_t name_size;
    uint32_t size;
    if (left < HEADER_SIZE)
        return problem_is(problem, "offset %zu: expected a header of %u bytes, found %zu", at,
                          HEADER_SIZE, left);
    if (!memcmp(header, MAGIC_WITH_CHECKSUM, sizeof(MAGIC) - 1))
        return problem_is(problem, "offset %zu: expected entries without checksums (`newc')", at);
    if (memcmp(header, MAGIC, sizeof(MAGIC) - 1) != 0)
        return problem_is(problem, "offset %zu: expected an entry of cpio's `newc' format", at);
    if (!number(header, MODE, &e->mode) || !number(header, LINKS, &e->links) ||
        !number(header, SIZE, &size) || !number(header, NAME_SIZE, &name_size))
        return problem_is(problem, "offset %zu: expected hexadecimal numbers of %u digits", at,
                          NUMBER_DIGITS);
    if (name_size < 2 || name_size > NAME_MAX + 1)
        return problem_is(problem, "offset %zu: expected a name of 1 to %u characters, found %u",
                          at, NAME_MAX, name_size - 1);
    size_t data = aligned(HEADER_SIZE + name_size); /* at is aligned */
    if (data > left || size > left - data)
        return problem_is(problem,
                          "offset %zu: a name of %u and data of %u bytes, but %zu are left", at,
                          name_size, size, left);
    e->name = (const char *)header + HEADER_SIZE;
    if (e->name[name_size - 1] != '\0' || strnlen(e->name, name_size) != name_size - 1)
        return problem_is(problem, "offset %zu: expected a name that ends after %u characters", at,
                          name_size - 1);
    e->bytes = header + data;
    e->size = size;
    /* What fills up the last entry's data may be missing: nothing is there. */
    e->next = aligned(data + size) > left ? a->size : at + aligned(data + size);
    return true;
}

static const char *without_dot(const char *name)
{
    return name[0] == '.' && name[1] == '/' ? name + 2 : name;
}

/* Relative, and each part of it something other than empty, `.` and `..`. */
static bool stays_inside(const char *name)
{
    for (;;) {
        size_t n = 0;
        while (name[n] && name[n] != '/')
            n++;
        if (n == 0 || (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.'))))
            return false;
        if (!name[n])
            return true;
        name += n + 1;
    }
}

static bool check_entry(const struct entry *e, struct problem *problem)
{
    uint32_t kind = e->mode & MODE_KIND;
    if (kind == MODE_DIRECTORY)
        return true;
    const char *name = without_dot(e->name);
    if (kind != MODE_FILE)
        return problem_is(problem, "%s: expected a file or a directory, found mode %o", name,
                          e->mode);
    if (e->links > 1)
        return problem_is(problem, "%s: expected a file of one name, found %u links", name,
                          e->links);
    if (!stays_inside(name))
        return problem_is(problem, "%s: expected a name without empty parts, `.' and `..'",
                          e->name);
    return true;
}

static bool is_end(const struct entry *e)
{
    return !strcmp(e->name, END_NAME);
}

bool archive_next(const struct archive *archive, size_t *at, struct file *file)
{
    struct problem problem;
    struct entry e = {.name = ""};
    while (*at < archive->size && read_entry(archive, *at, &e, &problem) && !is_end(&e)) {
        *at = e.next;
        if ((e.mode & MODE_KIND) == MODE_FILE) {
            *file = (struct file){without_dot(e.name), e.bytes, e.size};
            return true;
        }
    }
    return false;
}

bool archive_find(const struct archive *archive, const char *name, size_t length, struct file *file)
{
    for (size_t at = 0; archive_next(archive, &at, file);) {
        if (strlen(file->name) == length && !memcmp(file->name, name, length))
            return true;
    }
    return false;
}

/* Checks all up to the end's entry; *end is where that leads to. */
static bool check_entries(const struct archive *archive, size_t *end, struct problem *problem)
{
    struct entry e = {.name = ""};
    unsigned count = 0;
    for (size_t at = 0; at < archive->size; at = e.next) {
        if (!read_entry(archive, at, &e, problem))
            return false;
        *end = e.next;
        if (is_end(&e))
            return true;
        if (++count > ARCHIVE_FILES_MAX)
            return problem_is(problem, "expected at most %u entries", ARCHIVE_FILES_MAX);
        if (!check_entry(&e, problem))
            return false;
    }
    return problem_is(problem, "offset %zu: expected an entry %s", archive->size, END_NAME);
}

static bool check_names_differ(const struct archive *archive, struct problem *problem)
{
    struct file file;
    struct file first = {0};
    for (size_t at = 0; archive_next(archive, &at, &file);) {
        archive_find(archive, file.name, strlen(file.name), &first);
        if (first.name != file.name)
            return problem_is(problem, "%s: there are two of this name", file.name);
    }
    return true;
}

bool archive_open(struct archive *archive, const void *bytes, size_t size, struct problem *problem)
{
    *archive = (struct archive){.bytes = bytes, .size = size};
    size_t end = 0;
    if (!check_entries(archive, &end, problem))
        return false;
    for (; end < size; end++) { /* cpio fills its last block up */
        if (archive->bytes[end] != 0)
            return problem_is(problem, "offset %zu: expected nothing but zeros behind the end",
                              end);
    }
    return check_names_differ(archive, problem);
}
