/* SPDX-License-Identifier: MIT */
/*
 * line_machine LINK FOLDER [garble=N]: a made-up machine with the loader of a medium
 * (bench/runner/loader.h), at the other end of a pseudo terminal that LINK points to. It says
 * FOLDER/label, and what it is told to boot it notes in FOLDER/booted; then it says FOLDER/boot-N,
 * or FOLDER/boot if there is no such, for its N-th boot, and asks again. In these a line is what
 * the machine does if it is
 *
 *     !stop        say nothing any more
 *     !babble      say something without end
 *     !unknown     there is no such boot
 *     !unplug      the line is gone, and the machine with it
 *     !plug        the line is gone, and there again: LINK points to another terminal
 *
 * garble=N: the N-th character that is typed arrives as another one. Without anybody at LINK it
 * waits for ever: who starts it ends it.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define QUIET_MS 100

static const char *at_link, *folder;
static int line, other = -1; /* our end, and the other one, which is kept open as well */
static unsigned long garbled, typed, boots;

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static void plug(void)
{
    struct termios raw;
    char temporary[4096];
    line = posix_openpt(O_RDWR | O_NOCTTY);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0)
        fail("posix_openpt");
    other = open(ptsname(line), O_RDWR | O_NOCTTY);
    if (other < 0 || tcgetattr(other, &raw) != 0)
        fail(ptsname(line));
    cfmakeraw(&raw); /* nothing that is said is echoed */
    tcsetattr(other, TCSANOW, &raw);
    snprintf(temporary, sizeof(temporary), "%s.new", at_link);
    unlink(temporary);
    if (symlink(ptsname(line), temporary) != 0 || rename(temporary, at_link) != 0)
        fail(at_link);
}

/* What was said before it should be heard: a terminal that is closed forgets the rest, and what was
 * just written is not to be read yet. */
static void unplug(void)
{
    int unheard = 1;
    for (int ms = 0, quiet_ms = 0; ms < PATIENCE_MS && quiet_ms < QUIET_MS; ms++) {
        quiet_ms = ioctl(other, FIONREAD, &unheard) == 0 && unheard > 0 ? 0 : quiet_ms + 1;
        usleep(1000);
    }
    unlink(at_link);
    close(other);
    close(line);
}

static void put(const char *text)
{
    if (write(line, text, strlen(text)) < 0)
        fail("write");
}

static FILE *open_file(const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return fopen(path, "r");
}

/* One of the lines that are no text. */
static void act(const char *what)
{
    if (strcmp(what, "stop") == 0)
        for (;;)
            pause();
    while (strcmp(what, "babble") == 0) { /* as fast as a line is, about */
        put("x\r\n");
        usleep(1000);
    }
    unplug();
    if (strcmp(what, "plug") != 0)
        exit(0);
    plug();
}

/* Lines end as the hypervisor's do, or the loader's. */
static void say(FILE *in, const char *end)
{
    char text[65536];
    while (fgets(text, sizeof(text), in) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        if (*text == '!') {
            act(text + 1);
        } else {
            put(text);
            put(end);
        }
    }
    fclose(in);
}

static void ask(void)
{
    FILE *label = open_file("label");
    if (label == NULL)
        fail("label");
    put("@ machine Made-up Machine, a processor\n\r");
    say(label, "\n\r");
}

/* A name, echoed. */
static void read_name(char *name, size_t size)
{
    size_t length = 0;
    char c;
    while (read(line, &c, 1) == 1 && c != '\r') {
        if (++typed == garbled)
            c ^= 1;
        if (length + 1 < size)
            name[length++] = c;
        put((char[]){c, '\0'});
    }
    name[length] = '\0';
    put("\n\r");
}

static void note(const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/booted", folder);
    FILE *out = fopen(path, "a");
    if (out == NULL)
        fail(path);
    fprintf(out, "%s\n", name);
    fclose(out);
}

static void boot(const char *name)
{
    char file[64], first[64] = "";
    note(name);
    snprintf(file, sizeof(file), "boot-%lu", ++boots);
    FILE *in = open_file(file);
    if (in == NULL)
        in = open_file("boot");
    if (in == NULL)
        fail("boot");
    if (fgets(first, sizeof(first), in) == NULL)
        first[0] = '\0';
    bool known = strcmp(first, "!unknown\n") != 0;
    put(known ? "@ boot " : "@ unknown ");
    put(name);
    put("\n\r");
    rewind(in);
    if (known)
        say(in, "\r\n");
    else
        fclose(in);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    at_link = argv[1];
    folder = argv[2];
    if (argc > 3 && sscanf(argv[3], "garble=%lu", &garbled) != 1)
        return 2;
    plug();
    for (;;) {
        char name[256];
        ask();
        read_name(name, sizeof(name));
        if (*name != '\0' && strlen(name) != 16) {
            put("@ unknown ");
            put(name);
            put("\n\r");
        } else if (*name != '\0') {
            boot(name);
        }
    }
}
