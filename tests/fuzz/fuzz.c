/* SPDX-License-Identifier: MIT */
/* See fuzz.h and ring_atomic.h. One thread; the state is that of the run in progress. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ring_atomic.h"

#define PLANS_MAX 8U
#define READS_MAX 1024U /* of a call that are remembered */

enum scribble_how { SET, ADD, COPY, FILL, HOWS };

struct scribble {
    enum scribble_how how;
    bool here;      /* at the address of the access that it precedes */
    uint8_t width;  /* bytes: 1, 2, 4, 8 */
    uint16_t where; /* offset in the region */
    uint32_t value;
};

struct plan {
    uint8_t skip; /* accesses to let pass first */
    struct scribble scribble;
};

static struct {
    const uint8_t *input, *end;
    uint8_t *region;
    size_t region_size;
    bool hostile;
    const char *call;
    size_t accesses_left;
    struct plan plans[PLANS_MAX];
    size_t first_plan, n_plans;
    struct {
        uintptr_t at;
        size_t size;
    } reads[READS_MAX];
    size_t n_reads;
} run;

void fuzz_begin(const uint8_t *input, size_t size)
{
    run.input = input;
    run.end = input + size;
    run.region = NULL;
    run.region_size = 0;
    run.hostile = false;
    run.first_plan = run.n_plans = 0;
    fuzz_call("start", 0);
}

void fuzz_region(void *region, size_t size)
{
    run.region = (uint8_t *)region;
    run.region_size = size;
}

bool fuzz_more(void)
{
    return run.input < run.end;
}

uint8_t fuzz_u8(void)
{
    return fuzz_more() ? *run.input++ : 0;
}

uint16_t fuzz_u16(void)
{
    uint16_t low = fuzz_u8();
    return (uint16_t)(low | fuzz_u8() << 8);
}

uint32_t fuzz_u32(void)
{
    uint32_t low = fuzz_u16();
    return low | (uint32_t)fuzz_u16() << 16;
}

static struct scribble read_scribble(void)
{
    uint8_t head = fuzz_u8();
    struct scribble s = {
        .how = (enum scribble_how)(head % HOWS),
        .width = (uint8_t)(1U << (head >> 2 & 3)),
        .here = (head >> 4 & 1) != 0,
    };
    /* Half of them within the first KiB, where control words lie, and aligned. */
    s.where = head >> 5 & 1 ? (uint16_t)(fuzz_u8() * 4) : fuzz_u16();
    s.value = head >> 6 & 1 ? fuzz_u32() : (uint32_t)(int8_t)fuzz_u8();
    return s;
}

/* accessed: offset in the region of the access that comes next. */
static void scribble(const struct scribble *s, size_t accessed)
{
    size_t last = run.region_size - s->width;
    size_t at = s->here ? accessed : s->where;
    at = at > last ? at % (last + 1) : at;
    uint8_t *to = run.region + at;
    uint64_t was = 0, now = 0;
    memcpy(&was, to, s->width);
    switch (s->how) {
    case SET:
        now = s->value;
        break;
    case ADD:
        now = was + (uint64_t)(int64_t)(int32_t)s->value;
        break;
    case COPY:
        memcpy(&now, run.region + s->value % (last + 1), s->width);
        break;
    default:
        now = s->value & 1 ? UINT64_MAX : 0;
        break;
    }
    if (memcmp(&was, &now, s->width) == 0)
        return;
    memcpy(to, &now, s->width);
    run.hostile = true;
}

void fuzz_scribble(void)
{
    struct scribble s = read_scribble();
    s.here = false;
    scribble(&s, 0);
}

void fuzz_plan(void)
{
    struct plan plan = {.skip = fuzz_u8() % 16, .scribble = read_scribble()};
    if (run.n_plans == PLANS_MAX)
        return;
    run.plans[(run.first_plan + run.n_plans++) % PLANS_MAX] = plan;
}

bool fuzz_hostile(void)
{
    return run.hostile;
}

void fuzz_call(const char *name, size_t accesses)
{
    run.call = name;
    run.accesses_left = accesses;
    run.n_reads = 0;
}

void fuzz_check_(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: in %s: the contract is broken: %s\n", run.call, what);
    abort();
}

/*
 * What was checked once must not be read again: the second time it may be something else. Looked
 * for among the honest only, whose calls have no reason to. A hostile peer can make two entries
 * name the same memory, and then each of them is read and checked.
 */
static void read_once(uintptr_t at, size_t size)
{
    for (size_t i = 0; i < run.n_reads; i++)
        fuzz_check_(at + size <= run.reads[i].at || run.reads[i].at + run.reads[i].size <= at,
                    "a shared word is read once in a call");
    if (run.n_reads < READS_MAX) {
        run.reads[run.n_reads].at = at;
        run.reads[run.n_reads++].size = size;
    }
}

void fuzz_access(const volatile void *at, size_t size, enum fuzz_access_kind kind)
{
    uintptr_t offset = (uintptr_t)at - (uintptr_t)run.region;
    fuzz_check_(offset < run.region_size && size <= run.region_size - offset,
                "an access lies within the region");
    fuzz_check_(run.accesses_left-- != 0, "a call makes a bounded number of accesses");
    if (kind == FUZZ_READ && !run.hostile)
        read_once((uintptr_t)at, size);
    else if (kind == FUZZ_CAS)
        run.n_reads = 0; /* whoever loses a swap starts over with new values */

    if (run.n_plans != 0) {
        struct plan *plan = &run.plans[run.first_plan];
        if (plan->skip == 0) {
            run.first_plan = (run.first_plan + 1) % PLANS_MAX;
            run.n_plans--;
            scribble(&plan->scribble, offset);
        } else {
            plan->skip--;
        }
    }
}
