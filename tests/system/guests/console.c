/* SPDX-License-Identifier: MIT */
/* console_io, and the guest's side of the console ring against a peer played here. */
#include "guest/console.h"
#include "tests/system/guests/support.h"

TEST(console_io)
{
    char text[] = "# written by console_io\n";
    CHECK_EQUAL(hypercall_console_io(CONSOLEIO_write, sizeof(text) - 1, text), 0);
    CHECK_EQUAL(hypercall_console_io(CONSOLEIO_write, 0, text), 0);
    CHECK_EQUAL(hypercall_console_io(CONSOLEIO_read, sizeof(text), text), 0); /* nobody types */
}

TEST(console_io_refuses)
{
    char text[4] = "abc";
    CHECK_EQUAL(hypercall_console_io(CONSOLEIO_write, 4, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_console_io(77, 1, text), -XEN_ENOSYS);
}

/* More than any serial line takes at once. */
TEST(console_io_long)
{
    static char text[1000];
    memset(text, '.', sizeof(text));
    text[0] = '#';
    text[sizeof(text) - 1] = '\n';
    CHECK_EQUAL(hypercall_console_io(CONSOLEIO_write, sizeof(text), text), 0);
}

TEST(console_ring_write_wraps)
{
    static struct xencons_interface ring;
    char text[100];
    const uint32_t start = (uint32_t)-50; /* the indices overflow on the way */
    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    ring.out_prod = ring.out_cons = start;
    CHECK_EQUAL(console_ring_write(&ring, text, sizeof(text)), sizeof(text));
    CHECK_EQUAL(ring.out_prod, 50);
    for (unsigned i = 0; i < sizeof(text); i++)
        CHECK_EQUAL(ring.out[MASK_XENCONS_IDX(start + i, ring.out)], (char)i);
}

TEST(console_ring_write_stops_when_full)
{
    static struct xencons_interface ring;
    static char text[sizeof(ring.out) + 100];
    CHECK_EQUAL(console_ring_write(&ring, text, sizeof(text)), sizeof(ring.out));
    CHECK_EQUAL(console_ring_write(&ring, text, 1), 0);
    ring.out_cons += 10;
    CHECK_EQUAL(console_ring_write(&ring, text, 100), 10);
    ring.out_cons = ring.out_prod + 1; /* no honest peer does that */
    CHECK_EQUAL(console_ring_write(&ring, text, 1), 0);
}

TEST(console_ring_read)
{
    static struct xencons_interface ring;
    char text[8] = "";
    CHECK_EQUAL(console_ring_read(&ring, text, sizeof(text)), 0);
    ring.in_prod = ring.in_cons = (uint32_t)-2;
    for (unsigned i = 0; i < 5; i++)
        ring.in[MASK_XENCONS_IDX(ring.in_prod++, ring.in)] = "hello"[i];
    CHECK_EQUAL(console_ring_read(&ring, text, 3), 3);
    CHECK_EQUAL(console_ring_read(&ring, text + 3, sizeof(text) - 3), 2);
    CHECK_EQUAL(strcmp(text, "hello"), 0);
    CHECK_EQUAL(ring.in_cons, ring.in_prod);
    ring.in_prod += sizeof(ring.in) + 1; /* no honest peer does that */
    CHECK_EQUAL(console_ring_read(&ring, text, sizeof(text)), 0);
}
