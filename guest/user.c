/* SPDX-License-Identifier: MIT */
#include "guest/user.h"
#include "guest/vcpu.h"

void user_init(struct user_state *user, uint64_t rip, uint64_t rsp)
{
    *user = (struct user_state){
        .frame = {.rip = rip,
                  .cs = FLAT_USER_CS,
                  .rflags = RFLAGS_FIXED | RFLAGS_IF,
                  .rsp = rsp,
                  .ss = FLAT_USER_SS},
    };
}

/*
 * Entries from user mode find the vcpu's own stack empty, so what runs in kernel mode here must be
 * on another one: the boot stack or a thread's. The upcall mask is set from iret on only in the
 * frame, and set again here because an exception leaves it as it was in user mode.
 */
void user_run(struct user_state *user)
{
    bool masked = vcpu_mask();
    if (!context_save(&user->kernel)) {
        vcpu_self()->in_user = user;
        frame_resume(&user->frame);
    }
    if (!masked)
        vcpu_unmask();
    else
        vcpu_mask();
}
