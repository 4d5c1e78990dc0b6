/* SPDX-License-Identifier: MIT */
#include "tests/system/linux/devices.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DISK "/dev/vda"
#define DISK_SIZE (1 << 20)
#define LINE_SIZE 16 /* of the disk: each is its own number, and a new line */

/* In the order in which they need each other. */
static const char *const modules[] = {
    "virtio_ring",           "virtio",     "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"};

static bool load(const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/%s.ko", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool good = file >= 0 && syscall(SYS_finit_module, file, "", 0) == 0;
    if (!good)
        printf("# module %s: %m\n", name);
    if (file >= 0)
        close(file);
    return good;
}

bool test_drivers(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    bool good = mount("proc", "/proc", "proc", 0, NULL) == 0;
    mount("dev", "/dev", "devtmpfs", 0, NULL); /* the kernel may have done so */
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
        good = load(modules[i]) && good;
    return good;
}

/* From the device, not from what the kernel remembers of it. */
static bool transfer(uint8_t *data, bool write_it)
{
    int file = open(DISK, (write_it ? O_WRONLY : O_RDONLY) | O_DIRECT | O_CLOEXEC);
    bool good = file >= 0;
    for (size_t at = 0; good && at < DISK_SIZE;) {
        ssize_t n = write_it ? write(file, data + at, DISK_SIZE - at)
                             : read(file, data + at, DISK_SIZE - at);
        good = n > 0;
        at += good ? (size_t)n : 0;
    }
    if (file >= 0)
        close(file);
    return good;
}

static bool holds_numbers(const uint8_t *data)
{
    for (unsigned i = 0; i < DISK_SIZE / LINE_SIZE; i++) {
        char line[LINE_SIZE + 1];
        snprintf(line, sizeof(line), "%0*u\n", LINE_SIZE - 1, i);
        if (memcmp(data + (size_t)i * LINE_SIZE, line, LINE_SIZE) != 0)
            return false;
    }
    return true;
}

bool test_disk(void)
{
    uint8_t *data = aligned_alloc(4096, DISK_SIZE);
    bool good = data != NULL && transfer(data, false) && holds_numbers(data);
    if (good) {
        memset(data, 0x5a, DISK_SIZE);
        good = transfer(data, true);
        memset(data, 0, DISK_SIZE);
        good = good && transfer(data, false);
        for (size_t i = 0; good && i < DISK_SIZE; i++)
            good = data[i] == 0x5a;
    }
    free(data);
    return good;
}

/* Interrupts so far, on all processors, of the lines of /proc/interrupts that name both; -1: none
 * does. */
static long interrupts_of(const char *kind, const char *who)
{
    char line[512];
    long sum = -1;
    FILE *f = fopen("/proc/interrupts", "r");
    if (f == NULL)
        return -1;
    while (fgets(line, sizeof(line), f) != NULL) {
        const char *at = strchr(line, ':');
        if (at == NULL || strstr(line, kind) == NULL || strstr(line, who) == NULL)
            continue;
        sum = sum < 0 ? 0 : sum;
        for (long cpu = sysconf(_SC_NPROCESSORS_ONLN); cpu > 0; cpu--) {
            char *end;
            sum += strtol(at + 1, &end, 10);
            at = end - 1;
        }
    }
    fclose(f);
    return sum;
}

bool test_disk_interrupts(void)
{
    const char *kind = getenv("interrupts");
    long n = kind == NULL ? -1 : interrupts_of(kind, "virtio0");
    printf("# %ld interrupts by %s\n", n, kind == NULL ? "?" : kind);
    return n > 0;
}

/* Each reading of the log is one message. */
static bool kernel_complained(const char *about)
{
    char message[1024];
    bool found = false;
    int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (log < 0)
        return true;
    for (ssize_t n; !found && (n = read(log, message, sizeof(message) - 1)) > 0;) {
        message[n] = '\0';
        found = strstr(message, about) != NULL;
    }
    close(log);
    return found;
}

bool test_old_lines(void)
{
    struct stat clock;
    if (kernel_complained("map irq failed") || kernel_complained("Failed to obtain physical IRQ"))
        return false;
    return interrupts_of("xen-pirq", "i8042") >= 0 && interrupts_of("xen-pirq", "rtc0") >= 0 &&
           stat("/sys/class/rtc/rtc0", &clock) == 0;
}
