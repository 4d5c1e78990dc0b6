/* SPDX-License-Identifier: MIT */
#include "bench/runner/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/runner/interrupt.h"

bool program_in_path(const char *name)
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

/* Waits until there is something to read, or the output has ended. On an interrupt the program is
 * told to end, once: then its output ends. */
static void wait_output(int fd, pid_t pid, bool *interrupted)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = *interrupted ? -1 : interrupt_fd(), .events = POLLIN}};
    if (poll(fds, sizeof(fds) / sizeof(*fds), -1) > 0 && fds[1].revents != 0) {
        kill(pid, SIGTERM);
        *interrupted = true;
    }
}

static bool read_all(int fd, pid_t pid, struct program_end *end, bool *interrupted)
{
    enum { BLOCK = 4096 };
    for (;;) {
        end->text = memory_grow(end->text, end->length + BLOCK + 1, 1);
        wait_output(fd, pid, interrupted);
        ssize_t got = read(fd, end->text + end->length, BLOCK);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        end->length += got > 0 ? (size_t)got : 0;
        end->text[end->length] = '\0';
        if (got <= 0)
            return got == 0;
    }
}

/* Signals that this program has blocked are none of the other one's. */
static int start(char *const argv[], const int fds[2], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    int error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

bool program_run(char *const argv[], struct program_end *end, struct fault *fault)
{
    int fds[2], status;
    pid_t pid;
    bool interrupted = false;
    *end = (struct program_end){0};
    if (pipe2(fds, O_CLOEXEC) != 0)
        return fault_set(fault, "cannot run %s: %s", argv[0], strerror(errno));
    int error = start(argv, fds, &pid);
    close(fds[1]);
    fcntl(fds[0], F_SETFL, O_NONBLOCK); /* what is told by poll(2) may be an interrupt alone */
    bool read = error == 0 && read_all(fds[0], pid, end, &interrupted);
    close(fds[0]);
    if (error != 0)
        return fault_set(fault, "cannot run %s: %s", argv[0], strerror(error));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    end->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (read && !interrupted)
        return true;
    free(end->text);
    end->text = NULL;
    return interrupted ? fault_set(fault, "%s was ended by the interrupt", argv[0])
                       : fault_set(fault, "cannot read what %s printed", argv[0]);
}
