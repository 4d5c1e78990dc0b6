/* SPDX-License-Identifier: MIT */
/*
 * Requests and responses that say who they are: the id in the first word, and in each other word
 * a value that depends on the id, the direction and the word's place.
 */
#ifndef TESTS_UNIT_PAYLOAD_H
#define TESTS_UNIT_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/rng.h"

enum payload_kind { PAYLOAD_REQUEST = 0x52455155, PAYLOAD_RESPONSE = 0x52455350 };

static inline uint32_t payload_word(enum payload_kind kind, uint32_t id, uint32_t place)
{
    return (uint32_t)rng_mix(((uint64_t)kind << 32 | id) + place * 0x9e3779b97f4a7c15ULL);
}

/* size: bytes, a multiple of 4 from 4. */
static inline void payload_fill(void *dst, uint32_t size, enum payload_kind kind, uint32_t id)
{
    memcpy(dst, &id, 4);
    for (uint32_t at = 4; at < size; at += 4) {
        uint32_t word = payload_word(kind, id, at);
        memcpy((uint8_t *)dst + at, &word, 4);
    }
}

static inline uint32_t payload_id(const void *src)
{
    uint32_t id;
    memcpy(&id, src, 4);
    return id;
}

/* Are all bytes those of the id that it carries? */
static inline bool payload_ok(const void *src, uint32_t size, enum payload_kind kind)
{
    uint32_t id = payload_id(src);
    for (uint32_t at = 4; at < size; at += 4) {
        uint32_t word = payload_word(kind, id, at);
        if (memcmp((const uint8_t *)src + at, &word, 4) != 0)
            return false;
    }
    return true;
}

#endif
