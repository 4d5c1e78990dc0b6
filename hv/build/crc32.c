/* SPDX-License-Identifier: MIT */
#include "hv/build/crc32.h"

#define POLYNOMIAL                                                                \
    0xedb88320U /* its bits in the order in which bytes send theirs: lowest first \
                 */

uint32_t crc32(const void *bytes, uint64_t size)
{
    const uint8_t *p = bytes;
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (unsigned k = 0; k < 8; k++)
            c = c & 1 ? POLYNOMIAL ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    uint32_t c = ~0U;
    for (uint64_t i = 0; i < size; i++)
        c = table[(c ^ p[i]) & 0xff] ^ c >> 8;
    return ~c;
}
