/* SPDX-License-Identifier: MIT */
/*
 * The first program of a Linux that runs as the hypervisor's control domain: what a kernel of
 * somebody else's does for its programs, as TAP on the console. Then it switches the machine off.
 *
 * Built with the host's C library, statically; the ramdisk holds nothing else. The kernel hands on
 * cpus=N and interrupts=KIND of its command line as environment variables.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/system/linux/devices.h"

#define PAGE 4096UL
#define CHILD_STATUS 42

static bool file_has(const char *path, const char *text)
{
    char line[256] = "";
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return false;
    bool has = fgets(line, sizeof(line), f) != NULL && strstr(line, text) != NULL;
    fclose(f);
    return has;
}

static bool test_hypervisor(void)
{
    mkdir("/sys", 0755);
    return mount("sysfs", "/sys", "sysfs", 0, NULL) == 0 &&
           file_has("/sys/hypervisor/type", "xen") &&
           file_has("/sys/hypervisor/properties/capabilities", "xen-3.0-x86_64");
}

static bool test_processors(void)
{
    const char *expected = getenv("cpus");
    return expected != NULL && sysconf(_SC_NPROCESSORS_ONLN) == strtol(expected, NULL, 10);
}

/* true: the child ended as it should. Its id is -1 if there is none. */
static bool child_ended_well(pid_t child)
{
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == CHILD_STATUS;
}

/* Page tables are copied and written to from both sides. */
static bool test_forks(void)
{
    enum { FORKS = 100, PAGES = 64 };
    uint8_t *shared =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    bool good = true;
    for (unsigned i = 0; i < FORKS; i++) {
        memset(shared, (int)i, PAGES * PAGE);
        pid_t child = fork();
        if (child == 0) {
            for (size_t p = 0; p < PAGES; p++) {
                if (shared[p * PAGE] != (uint8_t)i)
                    _exit(1);
                shared[p * PAGE] = 0xee;
            }
            _exit(CHILD_STATUS);
        }
        good = child_ended_well(child) && good;
        for (size_t p = 0; p < PAGES; p++)
            good = good && shared[p * PAGE] == (uint8_t)i;
    }
    return munmap(shared, PAGES * PAGE) == 0 && good;
}

static bool test_exec(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/init", "init", "child", NULL);
        _exit(1);
    }
    return child_ended_well(child);
}

static sigjmp_buf after_fault;
static void *volatile fault_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    fault_address = info->si_addr;
    siglongjmp(after_fault, 1);
}

static bool faults_at(volatile uint8_t *at)
{
    fault_address = NULL;
    if (sigsetjmp(after_fault, 1) == 0) {
        *at = 1;
        return false;
    }
    return fault_address == (void *)at;
}

static bool memory_is_protected(void)
{
    enum { SIZE = 32 << 20 };
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    uint8_t *all = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || sigaction(SIGSEGV, &action, NULL) != 0)
        return false;
    for (size_t i = 0; i < SIZE; i += PAGE)
        all[i] = (uint8_t)(i / PAGE);
    bool good = mprotect(all, SIZE / 2, PROT_READ) == 0;
    for (size_t i = 0; i < SIZE; i += PAGE)
        good = good && all[i] == (uint8_t)(i / PAGE);
    good = good && faults_at(all) && faults_at(all + SIZE / 2 - 1) && !faults_at(all + SIZE / 2);
    return good && munmap(all, SIZE) == 0 && faults_at(all + SIZE / 2);
}

/* In a child: the kernel speaks up when a fault is the first program's. */
static bool test_protection(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(memory_is_protected() ? CHILD_STATUS : 1);
    return child_ended_well(child);
}

static bool test_sleep(void)
{
    const struct timespec wait = {.tv_nsec = 50000000};
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (nanosleep(&wait, NULL) != 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &after);
    return (after.tv_sec - before.tv_sec) * 1000000000L + (after.tv_nsec - before.tv_nsec) >=
           wait.tv_nsec;
}

/* Sums whose every step is in vector registers, while threads take turns. */
static void *sum(void *argument)
{
    double *result = argument;
    double s = *result;
    for (unsigned i = 1; i <= 2000000; i++) {
        s += 1.0 / (double)i;
        if (i % 100000 == 0)
            sched_yield();
    }
    *result = s;
    return NULL;
}

static bool test_threads(void)
{
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    double results[THREADS], expected[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        expected[i] = results[i] = (double)i;
        sum(&expected[i]);
        if (pthread_create(&threads[i], NULL, sum, &results[i]) != 0)
            return false;
    }
    bool good = true;
    for (unsigned i = 0; i < THREADS; i++)
        good = pthread_join(threads[i], NULL) == 0 && results[i] == expected[i] && good;
    return good;
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        bool (*run)(void);
    } tests[] = {
        {"the kernel knows the hypervisor", test_hypervisor},
        {"it runs on all processors", test_processors},
        {"programs fork, and each has its own memory", test_forks},
        {"programs execute others", test_exec},
        {"memory is protected, and faults are signals", test_protection},
        {"sleeping takes its time", test_sleep},
        {"threads keep their registers", test_threads},
        {"drivers are loaded", test_drivers},
        {"a disk is read and written", test_disk},
        {"the disk interrupts", test_disk_interrupts},
        {"keyboard and clock chip have their lines", test_old_lines},
    };
    const size_t n = sizeof(tests) / sizeof(tests[0]);
    if (count > 1 && strcmp(arguments[1], "child") == 0)
        return CHILD_STATUS;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%zu\n", n);
    for (size_t i = 0; i < n; i++)
        printf("%s %zu - linux: %s\n", tests[i].run() ? "ok" : "not ok", i + 1, tests[i].name);
    reboot(RB_POWER_OFF);
    return 1;
}
