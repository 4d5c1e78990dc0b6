/* SPDX-License-Identifier: MIT */
/* Instructions of a decision, counted by callgrind. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/runner/place.h"
#include "bench/runner/suites/sim.h"

/* Built for any x86-64 rather than for this one, whose instructions valgrind may not know, and so
 * that a count does not depend on where it was taken. Lies beside the tool. */
#define PROGRAM "sim_observe"
#define PATIENCE_S "300" /* for one run, of what takes seconds */

/* As valgrind says it on stderr. */
#define COLLECTED "Collected : "

static bool in_path(const char *name)
{
    char *path = copy_text(getenv("PATH") == NULL ? "" : getenv("PATH"));
    bool found = false;
    for (char *rest = path, *dir; !found && (dir = strsep(&rest, ":")) != NULL;) {
        char *file = format_text("%s/%s", dir, name);
        found = access(file, X_OK) == 0;
        free(file);
    }
    free(path);
    return found;
}

const char *sim_count_missing(void)
{
    char *program = place_of_program(PROGRAM);
    bool built = access(program, X_OK) == 0;
    free(program);
    if (!built)
        return PROGRAM " is not beside this program; `make all` builds it";
    if (!in_path("valgrind"))
        return "valgrind is not installed; `make deps` installs it";
    return NULL;
}

/* What a run of the program printed, both streams. */
struct output {
    char *text;
    size_t length;
};

static bool read_all(int fd, struct output *out)
{
    enum { BLOCK = 4096 };
    for (;;) {
        out->text = memory_grow(out->text, out->length + BLOCK + 1, 1);
        ssize_t got = read(fd, out->text + out->length, BLOCK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        out->length += (size_t)got;
        out->text[out->length] = '\0';
        if (got == 0)
            return true;
    }
}

static bool start(char *const argv[], int fds[2], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    if (pipe(fds) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    posix_spawn_file_actions_addclose(&actions, fds[1]);
    int error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (error != 0)
        close(fds[0]);
    errno = error;
    return error == 0;
}

static bool run(char *const argv[], struct output *out, struct fault *fault)
{
    int fds[2], status;
    pid_t pid;
    *out = (struct output){0};
    if (!start(argv, fds, &pid))
        return fault_set(fault, "cannot run %s: %s", argv[0], strerror(errno));
    bool read = read_all(fds[0], out);
    close(fds[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (read && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    const char *last = out->text == NULL ? "" : out->text;
    return fault_set(fault, "%s under valgrind failed: %s", PROGRAM, last);
}

/* The number after the last `COLLECTED`, and the line that is a number alone. */
static bool find_numbers(const struct output *out, uint64_t *instructions, uint64_t *decisions)
{
    const char *collected = NULL, *alone = NULL;
    if (out->text == NULL)
        return false;
    for (const char *at = out->text; (at = strstr(at, COLLECTED)) != NULL; at++)
        collected = at + strlen(COLLECTED);
    for (const char *line = out->text; line != NULL && *line != '\0';) {
        if (line[strspn(line, "0123456789")] == '\n' && *line != '\n')
            alone = line;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (collected == NULL || alone == NULL)
        return false;
    *instructions = strtoull(collected, NULL, 10);
    *decisions = strtoull(alone, NULL, 10);
    return *instructions > 0;
}

static bool count_run(const struct sim_point *point, uint64_t *instructions, uint64_t *decisions,
                      struct fault *fault)
{
    char *program = place_of_program(PROGRAM);
    char *own[SIM_POINT_ARGUMENTS];
    char *before[] = {
        "timeout", PATIENCE_S, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
        program};
    enum { BEFORE = sizeof(before) / sizeof(*before) };
    char *argv[BEFORE + SIM_POINT_ARGUMENTS + 1] = {NULL};
    sim_point_arguments(point, own);
    memcpy(argv, before, sizeof(before));
    memcpy(argv + BEFORE, own, sizeof(own));
    struct output out;
    bool good = run(argv, &out, fault) &&
                (find_numbers(&out, instructions, decisions) ||
                 fault_set(fault, "callgrind's count is not in what it printed: %s", out.text));
    free(out.text);
    for (size_t i = 0; i < SIM_POINT_ARGUMENTS; i++)
        free(own[i]);
    free(program);
    return good;
}

bool sim_count(const struct sim_point *point, double *per_decision, uint64_t *decisions,
               struct fault *fault)
{
    struct sim_point longer = *point;
    longer.duration_ns *= 2;
    uint64_t instructions[2], made[2];
    if (longer.duration_ns > SIM_TIME_MAX)
        return fault_set(fault, "instructions are counted over at most %llu ms",
                         SIM_TIME_MAX / 2 / 1000000);
    if (!count_run(point, &instructions[0], &made[0], fault) ||
        !count_run(&longer, &instructions[1], &made[1], fault))
        return false;
    *decisions = made[1] - made[0];
    if (made[1] <= made[0])
        return fault_set(fault, "no decision was made in %" PRIu64 " ns", point->duration_ns);
    *per_decision = (double)(instructions[1] - instructions[0]) / (double)*decisions;
    return true;
}
