/* SPDX-License-Identifier: MIT */
/*
 * CALL and JMP with a displacement of 32 bits are found by their opcode alone, and those alone are
 * taken for such whose displacement's highest byte is 0 or 0xff. Data look like opcodes, too: the
 * encoder keeps away from those that overlap an opcode which it left as it was, but for one that is
 * certain, and the decoder has to find the same ones. (The filter is I. Pavlov's, in the LZMA SDK,
 * public domain; .xz file format 1.1.0, section 5.3.2.)
 */
#include "hv/build/branches.h"

#include "hv/core/string.h"

#define LENGTH 5 /* of opcode and displacement */

static bool is_branch(uint8_t opcode)
{
    return opcode == 0xe8 || opcode == 0xe9;
}

static bool is_sign(uint8_t byte)
{
    return byte == 0 || byte == 0xff;
}

/* recent: bit n: n + 1 bytes before is an opcode that was left as it was. */
static bool is_converted(const uint8_t *at, unsigned recent)
{
    if (!is_sign(at[LENGTH - 1]))
        return false;
    if (recent == 0)
        return true;
    unsigned ago = (unsigned)__builtin_ctz(recent) + 1;
    return (recent & (recent - 1)) == 0 && !is_sign(at[LENGTH - 1 - ago]);
}

static void restore(uint8_t *at, uint32_t end, unsigned recent)
{
    uint32_t from;
    memcpy(&from, at + 1, sizeof(from));
    uint32_t to = from - end;
    if (recent != 0) {
        /* The encoder's way around a result that would have been taken for the earlier opcode's
         * sign. Once is enough: what is there is no sign, or it would not have been converted. */
        unsigned shift = 8 * ((unsigned)__builtin_ctz(recent) + 1);
        if (is_sign((uint8_t)(to >> (24 - shift))))
            to = (to ^ ((1U << (32 - shift)) - 1)) - end;
    }
    /* 25 bits of it count; the others repeat the sign. */
    to = (uint32_t)((int32_t)(to << 7) >> 7);
    memcpy(at + 1, &to, sizeof(to));
}

void branches_restore(uint8_t *code, uint64_t size)
{
    unsigned recent = 0;
    for (uint64_t i = 0; i + LENGTH <= size;) {
        bool branch = is_branch(code[i]);
        if (branch && is_converted(code + i, recent)) {
            restore(code + i, (uint32_t)i + LENGTH, recent);
            recent = 0;
            i += LENGTH;
            continue;
        }
        recent = (recent << 1 | branch) & 7;
        i++;
    }
}
