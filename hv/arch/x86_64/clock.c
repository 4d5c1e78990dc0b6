/* SPDX-License-Identifier: MIT */
/*
 * Time is the TSC since boot, scaled the way that guests are told to (xen.h, vcpu_time_info):
 *
 *   ns = ((ticks << shift) * multiplier) >> 32
 *
 * Processors' counters are assumed to run together, which all that can run this have; the rate is
 * measured once. References: ACPI Specification 6.5, section 4.8.3.3 (PM timer); Intel 8254.
 */
#include "hv/arch/x86_64/clock.h"

#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"

#define CALIBRATION_MS 10U
#define SAMPLES 8 /* of both clocks; the closest pair counts */
#define PM_TIMER_HZ 3579545U
#define PM_TIMER_MASK 0xffffffU
#define PIT_HZ 1193182U

static uint64_t tsc_start, tsc_hz;
static uint32_t multiplier;
static int8_t shift;
static uint64_t apic_hz;

/* The wall clock when system time was 0, and its publishing. */
static struct lock wall_lock = LOCK(LOCK_WALL);
static uint64_t wall_start_s;
static uint32_t wall_start_ns;

static ns_t scale(uint64_t ticks)
{
    ticks = shift >= 0 ? ticks << shift : ticks >> -shift;
    return (ns_t)((unsigned __int128)ticks * multiplier >> 32);
}

ns_t clock_ticks(uint64_t ticks)
{
    return scale(ticks);
}

ns_t time_now(void)
{
    return scale(read_tsc() - tsc_start);
}

uint32_t arch_clock_khz(void)
{
    return (uint32_t)(tsc_hz / 1000);
}

/* ---- calibration */

/* Of all three clocks at one moment, as well as it can be had: a pair of readings with nothing but
 * the other clock's between, the closest of a few. */
struct moment {
    uint64_t tsc;
    uint32_t reference, apic;
};

#define PIT_GATE 0x61
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_LATCH_2 0x80
#define PIT_MASK 0xffffU

/* Counts up. */
static uint32_t read_reference(void)
{
    if (machine.pm_timer != 0)
        return in32(machine.pm_timer) & PM_TIMER_MASK;
    out8(PIT_COMMAND, PIT_LATCH_2);
    uint32_t low = in8(PIT_CHANNEL_2);
    return PIT_MASK - (low | (uint32_t)in8(PIT_CHANNEL_2) << 8);
}

/* Channel 2, whose gate is in port 0x61, running free in mode 2. */
static void start_pit(void)
{
    out8(PIT_GATE, (uint8_t)((in8(PIT_GATE) & ~2) | 1));
    out8(PIT_COMMAND, 0xb4);
    out8(PIT_CHANNEL_2, 0);
    out8(PIT_CHANNEL_2, 0);
}

static struct moment take_moment(void)
{
    struct moment best = {0};
    uint64_t closest = UINT64_MAX;
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t before = read_tsc();
        struct moment m = {.reference = read_reference(), .apic = UINT32_MAX - local_timer_left()};
        uint64_t after = read_tsc();
        if (after - before < closest) {
            closest = after - before;
            best = m;
            best.tsc = before + closest / 2;
        }
    }
    return best;
}

static void set_scale(void)
{
    /* The largest multiplier that fits 32 bits. */
    shift = 0;
    uint64_t hz = tsc_hz;
    while (hz > 2 * NS_PER_S) {
        hz >>= 1;
        shift--;
    }
    while (hz <= NS_PER_S) {
        hz <<= 1;
        shift++;
    }
    multiplier = (uint32_t)(((unsigned __int128)NS_PER_S << 32) / hz);
}

/* MC146818 real-time clock: seconds since 1970, of UTC. */
static uint8_t rtc_read(uint8_t reg)
{
    out8(0x70, reg);
    return in8(0x71);
}

#define RTC_STATUS_A 0x0a
#define RTC_UPDATING 0x80
#define RTC_STATUS_B 0x0b
#define RTC_BINARY 0x04

static unsigned from_bcd(uint8_t v, bool binary)
{
    return binary ? v : (v >> 4) * 10U + (v & 15);
}

static uint64_t read_wall_clock(void)
{
    static const uint8_t regs[] = {0, 2, 4, 7, 8, 9}; /* s, min, h, day, month, year */
    unsigned t[6];
    for (unsigned i = 0; i < 1000000 && (rtc_read(RTC_STATUS_A) & RTC_UPDATING); i++)
        arch_relax();
    bool binary = rtc_read(RTC_STATUS_B) & RTC_BINARY;
    for (unsigned i = 0; i < array_size(regs); i++)
        t[i] = from_bcd(rtc_read(regs[i]), binary);
    /* Days of the civil calendar, years beginning in March. */
    unsigned year = 2000 + t[5] - (t[4] <= 2 ? 1 : 0);
    unsigned month = (t[4] + 9) % 12;
    uint64_t days =
        365UL * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + t[3] - 1;
    return ((days - 719468) * 24 + t[2]) * 3600 + t[1] * 60 + t[0];
}

void clock_init(void)
{
    bool pm = machine.pm_timer != 0;
    uint64_t hz = pm ? PM_TIMER_HZ : PIT_HZ;
    uint32_t mask = pm ? PM_TIMER_MASK : PIT_MASK;
    if (!pm)
        start_pit();
    local_timer_set(UINT32_MAX);
    struct moment from = take_moment();
    while (((read_reference() - from.reference) & mask) < hz / 1000 * CALIBRATION_MS)
        arch_relax();
    struct moment to = take_moment();
    local_timer_set(0);

    uint64_t ticks = (to.reference - from.reference) & mask;
    tsc_hz = (to.tsc - from.tsc) * hz / ticks;
    apic_hz = (uint64_t)(to.apic - from.apic) * hz / ticks;
    tsc_start = read_tsc();
    set_scale();
    wall_start_s = read_wall_clock();
    log_info("clock: TSC at %lu kHz by the %s, local timer at %lu kHz\n", tsc_hz / 1000,
             pm ? "PM timer" : "PIT", apic_hz / 1000);
}

void clock_delay(ns_t length)
{
    ns_t end = time_now() + length;
    while (time_now() < end)
        arch_relax();
}

void arch_alarm_set(ns_t when)
{
    if (when == NS_NEVER) {
        local_timer_set(0);
        return;
    }
    ns_t now = time_now();
    ns_t left = when > now ? when - now : 0;
    /* Too far: an interrupt too early, which finds nothing due and sets the alarm again. */
    uint64_t ticks = left > NS_PER_S ? apic_hz : left * apic_hz / NS_PER_S;
    local_timer_set((uint32_t)min(max(ticks, 1UL), 0xffffffffUL));
}

/* ---- guests' clocks */

void time_publish(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->info->time;
    uint64_t tsc = read_tsc();
    uint32_t version = t->version | 1;
    __atomic_store_n(&t->version, version, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    t->tsc_timestamp = tsc;
    t->system_time = scale(tsc - tsc_start);
    t->tsc_to_system_mul = multiplier;
    t->tsc_shift = shift;
    t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
    __atomic_store_n(&t->version, version + 1, __ATOMIC_RELEASE);
    if (v->time_area.a != 0)
        copy_to_guest(v->time_area, t, sizeof(*t));
}

void wall_clock_set(uint64_t s, uint32_t ns)
{
    lock(&wall_lock);
    wall_start_s = s;
    wall_start_ns = ns;
    unlock(&wall_lock);
}

void wall_clock_publish(struct domain *d)
{
    struct shared_info *s = d->shared;
    lock(&wall_lock);
    uint64_t seconds = wall_start_s + (uint64_t)d->wall_offset;
    uint32_t version = s->wc_version | 1;
    __atomic_store_n(&s->wc_version, version, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    s->wc_sec = (uint32_t)seconds;
    s->wc_sec_hi = (uint32_t)(seconds >> 32);
    s->wc_nsec = wall_start_ns;
    __atomic_store_n(&s->wc_version, version + 1, __ATOMIC_RELEASE);
    unlock(&wall_lock);
}
