/* SPDX-License-Identifier: MIT */
#include "hv/core/runstate.h"

#include "hv/core/arch.h"
#include "hv/core/guest_access.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"

void runstate_set(struct vcpu *v, uint32_t state, ns_t now)
{
    if (now > v->state_since) {
        v->state_time[v->state] += now - v->state_since;
        v->state_since = now;
    }
    v->state = state;
}

void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *info)
{
    *info = (struct vcpu_runstate_info){
        .state = (int)v->state,
        .state_entry_time = v->state_since,
    };
    for (unsigned i = 0; i < array_size(info->time); i++)
        info->time[i] = v->state_time[i];
    ns_t now = time_now();
    if (now > v->state_since)
        info->time[v->state] += now - v->state_since;
}

void runstate_publish(struct vcpu *v)
{
    if (v->runstate_area.a == 0)
        return;
    struct vcpu_runstate_info info = {
        .state = (int)v->state,
        .state_entry_time = v->state_since,
    };
    for (unsigned i = 0; i < array_size(info.time); i++)
        info.time[i] = v->state_time[i];
    /* A guest that unmapped its area gets no news. */
    copy_to_guest(v->runstate_area, &info, sizeof(info));
}

void virtual_timer_suspend(struct vcpu *v, ns_t now)
{
    (void)now;
    if (likely(!v->has_own_timers))
        return;
    if (v->virtual_deadline != NS_NEVER)
        timer_stop(&v->virtual_timer);
    if (v->period != 0)
        timer_stop(&v->periodic);
}

void virtual_timer_resume(struct vcpu *v, ns_t now)
{
    if (likely(!v->has_own_timers))
        return;
    /* A tick that was due meanwhile comes now. */
    if (v->period != 0)
        timer_set(&v->periodic, (ns_t)v->periodic.node.key);
    if (v->virtual_deadline == NS_NEVER)
        return;
    ns_t ran = vcpu_virtual_now(v, now);
    timer_set(&v->virtual_timer,
              v->virtual_deadline > ran ? now + (v->virtual_deadline - ran) : now);
}
