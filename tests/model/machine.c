/* SPDX-License-Identifier: MIT */
/*
 * Threads are coroutines on stacks of this file's. A thread runs until its next access that others
 * could notice, posts it, and switches to the explorer, which makes it happen when it chooses to.
 * What others can't notice happens at once: a store into the own buffer, a fence on an empty one.
 *
 * Stacks never move, so pointers into them stay valid when a state is restored. A thread's stack
 * block, from the top down: its private area, then its frames.
 */
#include "machine.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define STACK_SIZE 65536 /* room for a printf in explore_require; only what is used is saved */
#define SHARED_MAX 65536
#define BELL_SIZE 8
#define LINE 64 /* memory is saved in units of this */

#define PLAINS_MAX 32

enum pending {
    PENDING_LOAD,
    PENDING_CAS,
    PENDING_LOCKED,
    PENDING_LOCK,
    PENDING_FENCE,
    PENDING_SLEEP,
    PENDING_CHOICE,
    ENDED
};

struct buffered_store {
    uint32_t at; /* offset in shared memory */
    uint8_t size;
    uint8_t kind; /* enum explore_store_kind */
    uint64_t value;
};

struct thread {
    void *sp;         /* while it is switched away */
    struct hash seen; /* its private area at the last checkpoint, and what it read since */

    /* The access that it waits for, and what came of it. */
    enum pending pending;
    bool timed;                 /* sleep */
    enum explore_locked locked; /* which other locked instruction */
    uint32_t at;                /* offset; sleep: of the bell */
    uint32_t size;              /* bytes; choice: alternatives */
    uint64_t old, new;          /* cas; new: the operand of a locked instruction too */
    uint64_t result;

    uint32_t buffered;
    struct buffered_store buffer[EXPLORE_BUFFER];
};

static uint8_t shared[SHARED_MAX] __attribute__((aligned(EXPLORE_SHARED_ALIGN)));
static uint8_t untouched[SHARED_MAX]; /* as setup left it */
static uint8_t stacks[EXPLORE_THREADS][STACK_SIZE] __attribute__((aligned(4096)));

static struct {
    const struct explore_program *program;
    uint32_t memory_size; /* the program's shared memory and the bells, in whole lines */
    uint32_t bells_at;
    struct hash memory_hash;
    uint32_t touched_count; /* lines that were ever written since the threads started ... */
    uint32_t touched[SHARED_MAX / LINE];
    bool is_touched[SHARED_MAX / LINE];
    bool is_quiet[SHARED_MAX]; /* by byte, as the next two: which threads ever wrote and read it */
    uint8_t quiet_writers[SHARED_MAX], quiet_readers[SHARED_MAX];
    uint32_t plain_count;
    struct {
        uint32_t at, size;
    } plain[PLAINS_MAX];
    struct thread thread[EXPLORE_THREADS];
    struct thread *running; /* NULL: the explorer, or setup */
    void *explorer_sp;
    struct thread *failed; /* NULL: none */
    bool failed_quiet;
    char failure[200];
    FILE *narration;
    const char *prefix;
} machine;

/* ---- hashing ---- */

/* Both halves are bijective in the word and in the old state; multipliers: 2^64 / golden ratio, and
 * the first 64 bits of pi's fraction, made odd. */
static void hash_mix(struct hash *h, uint64_t word)
{
    h->a = (h->a ^ word) * 0x9e3779b97f4a7c15;
    h->a ^= h->a >> 32;
    h->b = ((h->b << 23 | h->b >> 41) + word) * 0x243f6a8885a308d3;
    h->b ^= h->b >> 29;
}

static struct hash hash_start(uint64_t word)
{
    struct hash h = {0x13198a2e03707344, 0xa4093822299f31d0};
    hash_mix(&h, word);
    return h;
}

static struct hash hash_bytes(const void *bytes, size_t size)
{
    struct hash h = hash_start(size);
    const uint8_t *p = (const uint8_t *)bytes;
    for (; size >= 8; size -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        hash_mix(&h, word);
    }
    for (; size != 0; size--, p++)
        hash_mix(&h, *p);
    return h;
}

/* Memory's hash is the exclusive or over its words, so that a store changes it by two terms. */
static void hash_toggle_word(uint32_t at)
{
    uint64_t word;
    memcpy(&word, &shared[at & ~7U], 8);
    struct hash h = hash_start(at & ~7U);
    hash_mix(&h, word);
    hash_mix(&h, 0);
    machine.memory_hash.a ^= h.a;
    machine.memory_hash.b ^= h.b;
}

/* ---- memory ---- */

static uint64_t memory_read(uint32_t at, uint32_t size)
{
    uint64_t value = 0;
    memcpy(&value, &shared[at], size);
    return value;
}

static void memory_touch(uint32_t line)
{
    if (!machine.is_touched[line]) {
        machine.is_touched[line] = true;
        machine.touched[machine.touched_count++] = line;
    }
}

static void memory_write(uint32_t at, uint32_t size, uint64_t value)
{
    memory_touch(at / LINE);
    hash_toggle_word(at);
    memcpy(&shared[at], &value, size);
    hash_toggle_word(at);
}

/* As the thread sees it: each byte from the youngest buffered store that covers it. */
static uint64_t thread_read(const struct thread *t, uint32_t at, uint32_t size)
{
    uint64_t value = memory_read(at, size);
    uint8_t bytes[8];
    memcpy(bytes, &value, 8);
    for (uint32_t i = 0; i < t->buffered; i++) {
        const struct buffered_store *s = &t->buffer[i];
        uint8_t stored[8];
        memcpy(stored, &s->value, 8);
        for (uint32_t k = 0; k < s->size; k++)
            if (s->at + k >= at && s->at + k < at + size)
                bytes[s->at + k - at] = stored[k];
    }
    memcpy(&value, bytes, 8);
    return value;
}

/* ---- telling what happens ---- */

static const char *thread_name(const struct thread *t)
{
    return machine.program->thread[t - machine.thread].name;
}

static const char *place(uint32_t at)
{
    static char text[32];
    if (at >= machine.bells_at)
        snprintf(text, sizeof(text), "bell %u", (at - machine.bells_at) / BELL_SIZE);
    else
        snprintf(text, sizeof(text), "+0x%03x", at);
    return text;
}

__attribute__((format(printf, 2, 3))) static void narrate(const struct thread *t,
                                                          const char *format, ...)
{
    if (machine.narration == NULL)
        return;
    va_list args;
    va_start(args, format);
    fprintf(machine.narration, "%s%-8s ", machine.prefix, thread_name(t));
    vfprintf(machine.narration, format, args);
    fputc('\n', machine.narration);
    va_end(args);
}

static void narrate_access(const struct thread *t, const char *what, uint32_t at, uint32_t size,
                           uint64_t value)
{
    narrate(t, "%-8s %-8s %u  0x%llx", what, place(at), size, (unsigned long long)value);
}

/* ---- switching ---- */

/* Saves the callee-saved registers (System V ABI for x86-64, 3.2.1) on the stack and its pointer in
 * *save, and takes up those that were saved at sp. */
void machine_switch(void **save, void *sp);
__asm__(".pushsection .text\n"
        ".globl machine_switch\n"
        ".type machine_switch, @function\n"
        "machine_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size machine_switch, .-machine_switch\n"
        ".popsection\n");

#define SWITCH_REGISTERS 6

static void run(struct thread *t)
{
    machine.running = t;
    machine_switch(&machine.explorer_sp, t->sp);
    machine.running = NULL;
}

/* Called by a thread; returns when the explorer made the access happen. */
static void post(struct thread *t, enum pending pending)
{
    t->pending = pending;
    machine_switch(&t->sp, machine.explorer_sp);
}

static void fail(const char *format, va_list args)
{
    machine.failed = machine.running;
    vsnprintf(machine.failure, sizeof(machine.failure), format, args);
    if (machine.running == NULL) {
        fprintf(stderr, "model: in setup: %s\n", machine.failure);
        abort();
    }
    post(machine.running, ENDED);
}

void explore_require(bool holds, const char *format, ...)
{
    if (holds)
        return;
    va_list args;
    va_start(args, format);
    fail(format, args);
    va_end(args);
}

static void *thread_private(uint32_t i)
{
    size_t size = (machine.program->thread[i].private_size + 15) & ~(size_t)15;
    return stacks[i] + STACK_SIZE - size;
}

static void thread_main(void)
{
    uint32_t i = (uint32_t)(machine.running - machine.thread);
    machine.program->thread[i].run(thread_private(i));
    post(machine.running, ENDED);
    __builtin_unreachable();
}

static void thread_create(uint32_t i)
{
    void **frame = (void **)thread_private(i);
    *--frame = NULL; /* thread_main's return address, which also aligns its frame */
    *--frame = (void *)(uintptr_t)thread_main;
    for (int k = 0; k < SWITCH_REGISTERS; k++)
        *--frame = NULL;
    machine.thread[i] = (struct thread){.sp = frame, .seen = hash_start(i)};
}

/* ---- what threads call ---- */

static uint32_t offset_of(const volatile void *p, uint32_t size)
{
    uintptr_t at = (uintptr_t)p - (uintptr_t)shared;
    explore_require(at < machine.program->shared_size && size <= machine.program->shared_size - at,
                    "access of %u bytes outside shared memory, at offset %lld", size,
                    (long long)at);
    explore_require(at % size == 0, "access of %u bytes at offset 0x%llx is not aligned", size,
                    (unsigned long long)at);
    return (uint32_t)at;
}

/* An access happens at once in setup, and to quiet memory. */
static bool is_at_once(const struct thread *t, uint32_t at, bool writes)
{
    if (t == NULL)
        return true;
    if (!machine.is_quiet[at])
        return false;
    uint8_t self = (uint8_t)(1U << (t - machine.thread));
    if (writes)
        machine.quiet_writers[at] |= self;
    else
        machine.quiet_readers[at] |= self;
    uint8_t others = (machine.quiet_writers[at] | machine.quiet_readers[at]) & ~self;
    machine.failed_quiet = machine.quiet_writers[at] != 0 && others != 0;
    explore_require(!machine.failed_quiet,
                    "%s is not quiet: one thread writes it and another one accesses it", place(at));
    return true;
}

uint64_t explore_load(const volatile void *p, uint32_t size)
{
    struct thread *t = machine.running;
    uint32_t at = offset_of(p, size);
    if (is_at_once(t, at, false))
        return memory_read(at, size);
    t->at = at;
    t->size = size;
    post(t, PENDING_LOAD);
    return t->result;
}

static void buffer_store(struct thread *t, uint32_t at, uint32_t size, uint64_t value,
                         enum explore_store_kind kind)
{
    explore_require(t->buffered < EXPLORE_BUFFER, "more than %d buffered stores", EXPLORE_BUFFER);
    struct buffered_store store = {at, (uint8_t)size, (uint8_t)kind, value};
    narrate_access(t, kind == EXPLORE_RELEASE ? "release" : "store", at, size, value);

    if (kind == EXPLORE_RELEASE && machine.program->thread[t - machine.thread].early_release) {
        struct buffered_store payload[EXPLORE_BUFFER];
        uint32_t kept = 0, moved = 0;
        for (uint32_t i = 0; i < t->buffered; i++) {
            if (t->buffer[i].kind == EXPLORE_PAYLOAD)
                payload[moved++] = t->buffer[i];
            else
                t->buffer[kept++] = t->buffer[i];
        }
        t->buffer[kept++] = store;
        memcpy(&t->buffer[kept], payload, moved * sizeof(payload[0]));
        t->buffered++;
        return;
    }
    t->buffer[t->buffered++] = store;
}

void explore_store(volatile void *p, uint32_t size, uint64_t value, enum explore_store_kind kind)
{
    uint32_t at = offset_of(p, size);
    if (is_at_once(machine.running, at, true))
        memory_write(at, size, value);
    else
        buffer_store(machine.running, at, size, value, kind);
}

/* A locked instruction's operand: never quiet. */
static uint32_t locked_offset(const volatile void *p, uint32_t size)
{
    uint32_t at = offset_of(p, size);
    machine.failed_quiet = machine.running != NULL && machine.is_quiet[at];
    explore_require(!machine.failed_quiet, "a locked instruction on quiet memory at %s", place(at));
    return at;
}

bool explore_cas(volatile void *p, uint32_t size, uint64_t *old, uint64_t new)
{
    struct thread *t = machine.running;
    uint32_t at = locked_offset(p, size);
    uint64_t found;
    if (t == NULL) {
        found = memory_read(at, size);
        if (found == *old)
            memory_write(at, size, new);
    } else {
        t->at = at;
        t->size = size;
        t->old = *old;
        t->new = new;
        post(t, PENDING_CAS);
        found = t->result;
    }
    bool swapped = found == *old;
    *old = found;
    return swapped;
}

/* What memory holds after a locked instruction, and what that gives. */
static uint64_t locked_result(enum explore_locked what, uint64_t operand, uint64_t *memory)
{
    uint64_t found = *memory;
    switch (what) {
    case EXPLORE_SET_BIT:
        *memory |= 1ULL << operand;
        return found >> operand & 1;
    case EXPLORE_CLEAR_BIT:
        *memory &= ~(1ULL << operand);
        return found >> operand & 1;
    default:
        *memory = operand;
        return found;
    }
}

static uint64_t locked_do(enum explore_locked what, uint32_t at, uint32_t size, uint64_t operand)
{
    uint64_t memory = memory_read(at, size);
    uint64_t result = locked_result(what, operand, &memory);
    memory_write(at, size, memory);
    return result;
}

uint64_t explore_locked(volatile void *p, uint32_t size, enum explore_locked what, uint64_t operand)
{
    struct thread *t = machine.running;
    uint32_t at = locked_offset(p, size);
    explore_require(what == EXPLORE_EXCHANGE || operand < 8 * size, "bit %llu of %u bytes",
                    (unsigned long long)operand, size);
    if (t == NULL)
        return locked_do(what, at, size, operand);
    t->at = at;
    t->size = size;
    t->locked = what;
    t->new = operand;
    post(t, PENDING_LOCKED);
    return t->result;
}

void explore_lock(volatile uint32_t *lock)
{
    struct thread *t = machine.running;
    uint32_t at = locked_offset(lock, sizeof(*lock));
    if (t == NULL) {
        explore_require(memory_read(at, sizeof(*lock)) == 0, "locked twice: %s", place(at));
        memory_write(at, sizeof(*lock), 1);
        return;
    }
    t->at = at;
    t->size = sizeof(*lock);
    post(t, PENDING_LOCK);
}

void explore_unlock(volatile uint32_t *lock)
{
    uint32_t at = offset_of(lock, sizeof(*lock));
    explore_require(memory_read(at, sizeof(*lock)) != 0, "unlocked, but not locked: %s", place(at));
    explore_store(lock, sizeof(*lock), 0, EXPLORE_RELEASE);
}

void explore_fence(enum explore_fence_kind kind)
{
    struct thread *t = machine.running;
    if (t == NULL)
        return;
    if (machine.program->thread[t - machine.thread].dropped_fences >> kind & 1) {
        narrate(t, "(fence)  dropped");
        return;
    }
    if (t->buffered != 0)
        post(t, PENDING_FENCE);
    narrate(t, "fence");
}

void explore_tell(uint32_t bell)
{
    explore_require(bell < machine.program->bells, "no bell %u", bell);
    buffer_store(machine.running, machine.bells_at + bell * BELL_SIZE, BELL_SIZE, 1, EXPLORE_PLAIN);
}

bool explore_sleep(uint32_t bell, bool timed)
{
    struct thread *t = machine.running;
    explore_require(bell < machine.program->bells, "no bell %u", bell);
    t->at = machine.bells_at + bell * BELL_SIZE;
    t->timed = timed;
    narrate(t, "sleep    %s%s", place(t->at), timed ? " or time" : "");
    post(t, PENDING_SLEEP);
    return t->result != 0;
}

uint32_t explore_choose(uint32_t n)
{
    struct thread *t = machine.running;
    explore_require(n >= 1 && n <= MACHINE_CHOICES, "choice of %u", n);
    if (n == 1)
        return 0;
    t->size = n;
    post(t, PENDING_CHOICE);
    return (uint32_t)t->result;
}

void explore_checkpoint(uint32_t place)
{
    struct thread *t = machine.running;
    uint32_t i = (uint32_t)(t - machine.thread);
    t->seen = hash_bytes(thread_private(i), machine.program->thread[i].private_size);
    hash_mix(&t->seen, place);
}

static void set_quiet(const volatile void *p, size_t size, bool quiet)
{
    uint32_t at = offset_of(p, 1);
    explore_require(size <= machine.program->shared_size - at, "%zu bytes outside shared memory",
                    size);
    memset(&machine.is_quiet[at], quiet, size);
}

void explore_quiet(const volatile void *p, size_t size)
{
    set_quiet(p, size, true);
}

void explore_contended(const volatile void *p, size_t size)
{
    set_quiet(p, size, false);
}

void explore_plain(const volatile void *p, size_t size)
{
    uint32_t at = offset_of(p, 8);
    explore_require(size % 8 == 0 && size <= machine.program->shared_size - at,
                    "plain memory outside shared memory, or of no whole number of words");
    explore_require(machine.plain_count < PLAINS_MAX, "more than %d ranges of plain memory",
                    PLAINS_MAX);
    machine.plain[machine.plain_count].at = at;
    machine.plain[machine.plain_count++].size = (uint32_t)size;
}

/* ---- what the explorer calls ---- */

void machine_start(const struct explore_program *program)
{
    machine.program = program;
    machine.running = NULL;
    machine.failed = NULL;
    machine.failed_quiet = false;
    machine.bells_at = (uint32_t)(program->shared_size + 7) & ~7U;
    machine.memory_size = (machine.bells_at + program->bells * BELL_SIZE + LINE - 1) / LINE * LINE;
    if (machine.memory_size > SHARED_MAX || program->threads > EXPLORE_THREADS) {
        fprintf(stderr, "model: the program is too large: %u bytes of shared memory, %u threads\n",
                machine.memory_size, program->threads);
        abort();
    }
    memset(shared, 0, machine.memory_size);
    memset(shared, EXPLORE_POISON, program->shared_size);
    memset(machine.is_quiet, 0, sizeof(machine.is_quiet));
    memset(machine.quiet_writers, 0, sizeof(machine.quiet_writers));
    memset(machine.quiet_readers, 0, sizeof(machine.quiet_readers));
    machine.plain_count = 0;

    memset(stacks, 0, sizeof(stacks));
    void *own[EXPLORE_THREADS] = {0};
    for (uint32_t i = 0; i < program->threads; i++)
        own[i] = thread_private(i);
    if (program->setup != NULL)
        program->setup(program->arg, shared, own);

    machine.memory_hash = (struct hash){0, 0};
    for (uint32_t at = 0; at < machine.memory_size; at += 8)
        hash_toggle_word(at);
    memcpy(untouched, shared, machine.memory_size);
    memset(machine.is_touched, 0, sizeof(machine.is_touched));
    machine.touched_count = 0;
    for (uint32_t i = 0; i < machine.plain_count; i++)
        for (uint32_t at = machine.plain[i].at; at < machine.plain[i].at + machine.plain[i].size;
             at += 8)
            memory_touch(at / LINE);

    for (uint32_t i = 0; i < program->threads; i++)
        thread_create(i);
    for (uint32_t i = 0; i < program->threads && machine.failed == NULL; i++)
        run(&machine.thread[i]);
}

static bool can_step(const struct thread *t)
{
    switch (t->pending) {
    case PENDING_LOAD:
        return true;
    case PENDING_CAS:
    case PENDING_LOCKED:
    case PENDING_FENCE:
        return t->buffered == 0;
    case PENDING_LOCK:
        return t->buffered == 0 && memory_read(t->at, t->size) == 0;
    case PENDING_SLEEP:
        return memory_read(t->at, BELL_SIZE) != 0;
    default:
        return false;
    }
}

uint32_t machine_steps(machine_step_t steps[MACHINE_STEPS_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < machine.program->threads; i++) {
        if (machine.thread[i].pending != PENDING_CHOICE)
            continue;
        for (uint32_t k = 0; k < machine.thread[i].size; k++)
            steps[n++] = (machine_step_t)(i * MACHINE_ACTIONS + MACHINE_CHOICE + k);
        return n;
    }
    for (uint32_t i = 0; i < machine.program->threads; i++) {
        const struct thread *t = &machine.thread[i];
        uint32_t base = i * MACHINE_ACTIONS;
        if (can_step(t))
            steps[n++] = (machine_step_t)(base + MACHINE_STEP);
        if (t->buffered != 0)
            steps[n++] = (machine_step_t)(base + MACHINE_COMMIT);
        if (t->pending == PENDING_SLEEP && t->timed)
            steps[n++] = (machine_step_t)(base + MACHINE_TIMEOUT);
    }
    return n;
}

static const char *const locked_names[] = {
    [EXPLORE_EXCHANGE] = "exchange",
    [EXPLORE_SET_BIT] = "set bit",
    [EXPLORE_CLEAR_BIT] = "clr bit",
};

static void step(struct thread *t)
{
    switch (t->pending) {
    case PENDING_LOAD:
        t->result = thread_read(t, t->at, t->size);
        narrate_access(t, "load", t->at, t->size, t->result);
        break;
    case PENDING_CAS:
        t->result = memory_read(t->at, t->size);
        if (t->result == t->old)
            memory_write(t->at, t->size, t->new);
        narrate_access(t, t->result == t->old ? "cas" : "cas fails", t->at, t->size,
                       t->result == t->old ? t->new : t->result);
        break;
    case PENDING_LOCKED:
        t->result = locked_do(t->locked, t->at, t->size, t->new);
        narrate(t, "%-8s %-8s %u  0x%llx: it was 0x%llx", locked_names[t->locked], place(t->at),
                t->size, (unsigned long long)t->new, (unsigned long long)t->result);
        break;
    case PENDING_LOCK:
        t->result = 0;
        memory_write(t->at, t->size, 1);
        narrate(t, "lock     %s", place(t->at));
        break;
    case PENDING_SLEEP:
        t->result = 1;
        memory_write(t->at, BELL_SIZE, 0);
        narrate(t, "wake     %s", place(t->at));
        break;
    default:
        break;
    }
    hash_mix(&t->seen, t->pending);
    hash_mix(&t->seen, t->result);
    run(t);
}

static void commit(struct thread *t)
{
    struct buffered_store s = t->buffer[0];
    t->buffered--;
    memmove(&t->buffer[0], &t->buffer[1], t->buffered * sizeof(t->buffer[0]));
    memory_write(s.at, s.size, s.value);
    narrate_access(t, "commit", s.at, s.size, s.value);
    if (t->pending == PENDING_FENCE && t->buffered == 0)
        step(t); /* nobody can notice when a fence ends */
}

void machine_take(machine_step_t taken)
{
    struct thread *t = &machine.thread[taken / MACHINE_ACTIONS];
    uint32_t action = taken % MACHINE_ACTIONS;
    if (action == MACHINE_COMMIT) {
        commit(t);
    } else if (action >= MACHINE_CHOICE) {
        t->result = action - MACHINE_CHOICE;
        narrate(t, "choose   %u of %u", (unsigned)t->result, t->size);
        step(t);
    } else if (action == MACHINE_TIMEOUT) {
        t->result = 0;
        narrate(t, "timeout");
        hash_mix(&t->seen, t->result);
        run(t);
    } else {
        step(t);
    }
}

const char *machine_failure(void)
{
    return machine.failed != NULL ? machine.failure : NULL;
}

bool machine_failed_quiet(void)
{
    return machine.failed_quiet;
}

bool machine_done(void)
{
    for (uint32_t i = 0; i < machine.program->threads; i++)
        if (!machine.program->thread[i].server && machine.thread[i].pending != ENDED)
            return false;
    return true;
}

struct hash machine_hash(void)
{
    struct hash h = machine.memory_hash;
    for (uint32_t i = 0; i < machine.plain_count; i++) {
        struct hash plain = hash_bytes(&shared[machine.plain[i].at], machine.plain[i].size);
        hash_mix(&h, plain.a);
        hash_mix(&h, plain.b);
    }
    for (uint32_t i = 0; i < machine.program->threads; i++) {
        const struct thread *t = &machine.thread[i];
        hash_mix(&h, t->seen.a);
        hash_mix(&h, t->seen.b);
        hash_mix(&h, (uint64_t)t->pending << 32 | t->buffered);
        for (uint32_t k = 0; k < t->buffered; k++) {
            const struct buffered_store *s = &t->buffer[k];
            hash_mix(&h, (uint64_t)s->at << 16 | (uint64_t)s->size << 8 | s->kind);
            hash_mix(&h, s->value);
        }
    }
    return h;
}

/*
 * A saved state: the lines of memory that were touched until then, memory's hash, then of each
 * thread the fields, the buffer and the stack. Lines are listed in the order in which they were
 * first touched, so those of a state are the first ones of any later list; the rest is as at first.
 */

static size_t thread_head_size(const struct thread *t)
{
    return offsetof(struct thread, buffer) + t->buffered * sizeof(t->buffer[0]);
}

static size_t stack_used(uint32_t i, const struct thread *t)
{
    return (size_t)(stacks[i] + STACK_SIZE - (uint8_t *)t->sp);
}

size_t machine_size(void)
{
    size_t size = sizeof(machine.touched_count) + (size_t)machine.touched_count * LINE +
                  sizeof(machine.memory_hash);
    for (uint32_t i = 0; i < machine.program->threads; i++)
        size += thread_head_size(&machine.thread[i]) + stack_used(i, &machine.thread[i]);
    return size;
}

static void put(uint8_t **to, const void *from, size_t size)
{
    memcpy(*to, from, size);
    *to += size;
}

static void get(void *to, const uint8_t **from, size_t size)
{
    memcpy(to, *from, size);
    *from += size;
}

void machine_save(void *state)
{
    uint8_t *to = (uint8_t *)state;
    put(&to, &machine.touched_count, sizeof(machine.touched_count));
    for (uint32_t i = 0; i < machine.touched_count; i++)
        put(&to, &shared[machine.touched[i] * LINE], LINE);
    put(&to, &machine.memory_hash, sizeof(machine.memory_hash));
    for (uint32_t i = 0; i < machine.program->threads; i++) {
        struct thread *t = &machine.thread[i];
        put(&to, t, thread_head_size(t));
        put(&to, t->sp, stack_used(i, t));
    }
}

void machine_restore(const void *state)
{
    const uint8_t *from = (const uint8_t *)state;
    uint32_t touched;
    get(&touched, &from, sizeof(touched));
    for (uint32_t i = 0; i < touched; i++)
        get(&shared[machine.touched[i] * LINE], &from, LINE);
    for (uint32_t i = touched; i < machine.touched_count; i++)
        memcpy(&shared[machine.touched[i] * LINE], &untouched[machine.touched[i] * LINE], LINE);
    get(&machine.memory_hash, &from, sizeof(machine.memory_hash));
    for (uint32_t i = 0; i < machine.program->threads; i++) {
        struct thread *t = &machine.thread[i];
        get(t, &from, offsetof(struct thread, buffer));
        get(t->buffer, &from, t->buffered * sizeof(t->buffer[0]));
        get(t->sp, &from, stack_used(i, t));
    }
    machine.failed = NULL;
}

void machine_narrate(FILE *out, const char *prefix)
{
    machine.narration = out;
    machine.prefix = prefix;
}

void machine_describe(FILE *out, const char *prefix)
{
    for (uint32_t i = 0; i < machine.program->threads; i++) {
        const struct thread *t = &machine.thread[i];
        fprintf(out, "%s%-8s ", prefix, thread_name(t));
        switch (t->pending) {
        case PENDING_LOAD:
            fprintf(out, "is about to load %s", place(t->at));
            break;
        case PENDING_CAS:
            fprintf(out, "is about to compare and swap %s", place(t->at));
            break;
        case PENDING_LOCKED:
            fprintf(out, "is about to %s at %s", locked_names[t->locked], place(t->at));
            break;
        case PENDING_LOCK:
            fprintf(out, "waits for the lock at %s", place(t->at));
            break;
        case PENDING_FENCE:
            fprintf(out, "is at a fence");
            break;
        case PENDING_SLEEP:
            fprintf(out, "sleeps until %s%s", place(t->at), t->timed ? " or time" : "");
            break;
        case PENDING_CHOICE:
            fprintf(out, "has a choice of %u", t->size);
            break;
        case ENDED:
            fprintf(out, machine.failed == t ? "is where it went wrong" : "has ended");
            break;
        }
        fprintf(out, ", %u stores buffered\n", t->buffered);
    }
}

void machine_finish(void)
{
    if (machine.program->final == NULL)
        return;
    void *own[EXPLORE_THREADS] = {0};
    for (uint32_t i = 0; i < machine.program->threads; i++)
        own[i] = thread_private(i);
    machine.program->final(machine.program->arg, shared, own);
}
