/* SPDX-License-Identifier: MIT */
#include "bench/runner/line.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/runner/interrupt.h"

static const struct {
    uint64_t bits_per_s;
    speed_t code;
} speeds[] = {{9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}};

static speed_t code_of(uint64_t bits_per_s)
{
    for (size_t i = 0; i < sizeof(speeds) / sizeof(*speeds); i++)
        if (speeds[i].bits_per_s == bits_per_s)
            return speeds[i].code;
    return B0;
}

bool line_has_speed(uint64_t bits_per_s)
{
    return code_of(bits_per_s) != B0;
}

/* TIOCEXCL keeps later openers out, except for root; the lock keeps out another of this tool. */
static bool take(struct line *line, const char *device, struct fault *fault)
{
    if (flock(line->fd, LOCK_EX | LOCK_NB) != 0)
        return fault_set(fault, "%s: another `ringside collect` has it", device);
    if (tcgetattr(line->fd, &line->before) != 0)
        return fault_set(fault,
                         "%s is no serial line: %s; expected a device such as /dev/ttyUSB0 or "
                         "/dev/ttyS0",
                         device, strerror(errno));
    ioctl(line->fd, TIOCEXCL);
    return true;
}

/* The other end need not drive the modem's lines, and closing does not hang it up. */
static bool set_up(struct line *line, const char *device, speed_t speed, struct fault *fault)
{
    struct termios t = line->before;
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS | HUPCL);
    t.c_cc[VMIN] = 1; /* nothing to be read is EAGAIN, a hang-up is 0 */
    t.c_cc[VTIME] = 0;
    cfsetispeed(&t, speed);
    cfsetospeed(&t, speed);
    if (tcsetattr(line->fd, TCSANOW, &t) == 0 && tcflush(line->fd, TCIFLUSH) == 0)
        return true;
    return fault_set(fault, "%s cannot be set up as a serial line: %s", device, strerror(errno));
}

bool line_open(struct line *line, const char *device, unsigned bits_per_s, struct fault *fault)
{
    line->fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (line->fd < 0)
        return fault_set(fault, "%s cannot be opened: %s%s", device, strerror(errno),
                         errno == EACCES ? "; Debian gives serial lines to the group dialout" : "");
    if (take(line, device, fault) && set_up(line, device, code_of(bits_per_s), fault))
        return true;
    close(line->fd);
    line->fd = -1;
    return false;
}

void line_close(struct line *line)
{
    if (line->fd < 0)
        return;
    tcsetattr(line->fd, TCSANOW, &line->before);
    ioctl(line->fd, TIOCNXCL);
    close(line->fd);
    line->fd = -1;
}

/* Until the device is ready for `what`: LINE_BYTES. */
static enum line_event wait_for(const struct line *line, short what, uint64_t wait_ms)
{
    struct pollfd fds[] = {{.fd = line->fd, .events = what},
                           {.fd = interrupt_fd(), .events = POLLIN}};
    int ready = poll(fds, 2, wait_ms > INT_MAX ? INT_MAX : (int)wait_ms);
    if (ready < 0)
        return errno == EINTR ? LINE_QUIET : LINE_LOST;
    if (fds[1].revents & POLLIN)
        return LINE_INTERRUPTED;
    if (fds[0].revents & what)
        return LINE_BYTES;
    errno = 0;
    return fds[0].revents != 0 ? LINE_LOST : LINE_QUIET;
}

enum line_event line_receive(struct line *line, char *to, size_t size, size_t *length,
                             uint64_t wait_ms)
{
    *length = 0;
    enum line_event event = wait_for(line, POLLIN, wait_ms);
    if (event != LINE_BYTES)
        return event;
    errno = 0;
    ssize_t got = read(line->fd, to, size);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return LINE_QUIET;
    if (got <= 0) /* it said that there was something */
        return LINE_LOST;
    *length = (size_t)got;
    return LINE_BYTES;
}

enum line_event line_send(struct line *line, char c, uint64_t wait_ms)
{
    enum line_event event = wait_for(line, POLLOUT, wait_ms);
    if (event != LINE_BYTES)
        return event;
    ssize_t put = write(line->fd, &c, 1);
    if (put == 1)
        return LINE_BYTES;
    return put == 0 || errno == EAGAIN || errno == EINTR ? LINE_QUIET : LINE_LOST;
}
