/* SPDX-License-Identifier: MIT */
/* Does a checked build find what breaks the rules of lock_ranks.def, and name it? */
#include "tests/unit/tap.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hv/core/assert.h"
#include "hv/core/lock.h"

uint32_t machine_cpu;
bool machine_interrupts = true;

static int report = STDOUT_FILENO;

/* Nothing can be checked any more: so each case is a process, and this is its end. */
void panic(const char *form, ...)
{
    char text[256];
    va_list args;
    va_start(args, form);
    int n = vsnprintf(text, sizeof(text), form, args);
    va_end(args);
    _exit(write(report, text, (size_t)n) == n ? 0 : 1);
}

/* What a case says when it panics; nothing if it does not. */
static void run(void (*what)(void), char *says, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        report = ends[1];
        what();
        _exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], says, size - 1);
    assert_true(n >= 0);
    says[n] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void finds(void (*what)(void), const char *first, const char *second)
{
    char says[256];
    run(what, says, sizeof(says));
    if (strstr(says, first) == NULL || strstr(says, second) == NULL)
        fail_msg("expected '%s' and '%s', found '%s'", first, second, says);
}

static void passes(void (*what)(void))
{
    char says[256];
    run(what, says, sizeof(says));
    assert_string_equal(says, "");
}

static struct lock heap = LOCK(LOCK_HEAP);
static struct lock console = LOCK(LOCK_CONSOLE);
static struct lock queues[3], domains[2], nobody;
static uint32_t words[2];

static void prepare(void)
{
    for (uint32_t i = 0; i < 3; i++)
        lock_init(&queues[i], LOCK_RUN_QUEUE, i);
    for (uint32_t i = 0; i < 2; i++)
        lock_init(&domains[i], LOCK_MM, i);
    lock_check_interrupts();
}

/* ---- what is right */

static void in_order(void)
{
    prepare();
    lock(&domains[0]);
    lock(&domains[1]);
    lock_check_take_word(&words[0], LOCK_PORT);
    lock_check_take_word(&words[1], LOCK_PORT);
    lock(&heap);
    bool on = lock_irq(&queues[0]);
    lock(&queues[2]);
    bool still = lock_irq(&console);
    unlock_irq(&console, still);
    unlock(&queues[0]); /* not the last one that was taken */
    unlock_irq(&queues[2], on);
    lock_check_give(&words[1]);
    lock_check_give(&words[0]);
    unlock(&heap);
    unlock(&domains[0]);
    unlock(&domains[1]);
    lock_check_none();
}

/* Each CPU has its own; and who has let go may begin again. */
static void each_by_itself(void)
{
    prepare();
    lock(&heap);
    machine_cpu = 1;
    lock_check_none();
    lock(&domains[0]);
    unlock(&domains[0]);
    machine_cpu = 0;
    unlock(&heap);
    lock(&domains[0]);
    unlock(&domains[0]);
}

/* While booting, interrupts are off. */
static void early(void)
{
    machine_interrupts = false;
    lock(&heap);
    unlock(&heap);
}

static void allows_what_is_right(void **state)
{
    (void)state;
    passes(in_order);
    passes(each_by_itself);
    passes(early);
}

/* ---- what is wrong */

static void inverted(void)
{
    prepare();
    lock(&heap);
    lock(&domains[0]);
}

static void inverted_below(void)
{
    prepare();
    lock(&heap);
    bool on = lock_irq(&queues[0]);
    unlock_irq(&queues[0], on);
    lock(&domains[0]);
}

static void inverted_irq(void)
{
    prepare();
    lock_irq(&console);
    lock_irq(&queues[0]);
}

static void finds_an_inversion(void **state)
{
    (void)state;
    finds(inverted, "domain.mm_lock", "while heap_lock");
    finds(inverted_below, "domain.mm_lock", "while heap_lock");
    finds(inverted_irq, "sched_lock", "while console_lock");
}

static void higher_first(void)
{
    prepare();
    lock(&domains[1]);
    lock(&domains[0]);
}

static void higher_cpu_first(void)
{
    prepare();
    lock_irq(&queues[2]);
    lock(&queues[1]);
}

static void higher_address_first(void)
{
    lock_check_take_word(&words[1], LOCK_PORT);
    lock_check_take_word(&words[0], LOCK_PORT);
}

static void finds_two_of_a_rank_in_the_wrong_order(void **state)
{
    (void)state;
    finds(higher_first, "domain.mm_lock", "(key 0x1) is held");
    finds(higher_cpu_first, "sched_lock", "(key 0x2) is held");
    finds(higher_address_first, "port", "is held");
}

static void twice(void)
{
    prepare();
    lock(&heap);
    lock(&heap);
}

static void unranked(void)
{
    prepare();
    lock(&nobody);
}

static void finds_what_would_wait_for_ever(void **state)
{
    (void)state;
    finds(twice, "heap_lock", "taken twice");
    finds(unranked, "lock", "has no rank");
}

static void irq_with_interrupts(void)
{
    prepare();
    lock(&console);
}

static void plain_without_interrupts(void)
{
    prepare();
    machine_interrupts = false;
    lock(&heap);
}

/* A holder that other CPUs wait for with interrupts off must not wait for them. */
static void plain_inside_irq(void)
{
    prepare();
    lock_irq(&queues[0]);
    lock(&heap);
}

static void finds_interrupts_as_they_must_not_be(void **state)
{
    (void)state;
    finds(irq_with_interrupts, "console_lock", "with interrupts on");
    finds(plain_without_interrupts, "heap_lock", "with interrupts off");
    finds(plain_inside_irq, "heap_lock", "with interrupts off");
}

static void not_held(void)
{
    prepare();
    unlock(&heap);
}

static void held_elsewhere(void)
{
    prepare();
    machine_cpu = 1;
    lock(&heap);
    machine_cpu = 0;
    unlock(&heap);
}

static void kept(void)
{
    prepare();
    lock(&heap);
    lock_check_none();
}

static void finds_who_gives_back_wrongly(void **state)
{
    (void)state;
    finds(not_held, "given back by CPU 0", "does not hold it");
    finds(held_elsewhere, "given back by CPU 0", "does not hold it");
    finds(kept, "heap_lock", "still held");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_what_is_right),
        cmocka_unit_test(finds_an_inversion),
        cmocka_unit_test(finds_two_of_a_rank_in_the_wrong_order),
        cmocka_unit_test(finds_what_would_wait_for_ever),
        cmocka_unit_test(finds_interrupts_as_they_must_not_be),
        cmocka_unit_test(finds_who_gives_back_wrongly),
    };
    return tap_run("lock_check", tests, sizeof(tests) / sizeof(tests[0]));
}
