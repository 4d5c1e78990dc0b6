/* SPDX-License-Identifier: MIT */
/*
 * Sources: I. Pavlov, "LZMA specification" (2015, public domain) for the coder and its models,
 * whose names and numbers are its; L. Collin's description of LZMA2's chunks in the .xz file
 * format's reference implementation.
 *
 * The whole output is in memory, so it is the dictionary, and a match is a copy within it.
 */
#include "hv/build/lzma2.h"

#include "hv/core/string.h"

/* ---- the range coder */

#define PROBABILITY_BITS 11
#define PROBABILITY_HALF (1U << (PROBABILITY_BITS - 1))
#define ADAPTATION 5 /* a probability moves by 1/32 of what is left */
#define RANGE_LOW (1U << 24)
#define CODER_HEADER 5 /* a zero, and the first 4 bytes of the code */

typedef uint16_t probability;

struct coder {
    const uint8_t *at, *end;
    uint32_t range, code;
    bool short_of; /* input was missing: 0 was read instead */
};

static uint32_t next_byte(struct coder *c)
{
    if (c->at == c->end) {
        c->short_of = true;
        return 0;
    }
    return *c->at++;
}

static bool coder_start(struct coder *c, const uint8_t *in, uint64_t size)
{
    *c = (struct coder){.at = in, .end = in + size, .range = UINT32_MAX};
    if (size < CODER_HEADER || next_byte(c) != 0)
        return false;
    for (unsigned i = 1; i < CODER_HEADER; i++)
        c->code = c->code << 8 | next_byte(c);
    return true;
}

static void normalise(struct coder *c)
{
    if (c->range < RANGE_LOW) {
        c->range <<= 8;
        c->code = c->code << 8 | next_byte(c);
    }
}

static unsigned take_bit(struct coder *c, probability *p)
{
    normalise(c);
    uint32_t bound = (c->range >> PROBABILITY_BITS) * *p;
    if (c->code < bound) {
        c->range = bound;
        *p = (probability)(*p + (((1U << PROBABILITY_BITS) - *p) >> ADAPTATION));
        return 0;
    }
    c->range -= bound;
    c->code -= bound;
    *p = (probability)(*p - (*p >> ADAPTATION));
    return 1;
}

/* Bits that no model knows anything about; the highest first. */
static uint32_t take_direct(struct coder *c, unsigned n)
{
    uint32_t v = 0;
    while (n-- > 0) {
        normalise(c);
        c->range >>= 1;
        unsigned bit = c->code >= c->range;
        if (bit)
            c->code -= c->range;
        v = v << 1 | bit;
    }
    return v;
}

/* A number of n bits, each of which has a probability by those before it; the highest first. */
static unsigned take_tree(struct coder *c, probability *tree, unsigned n)
{
    unsigned at = 1;
    for (unsigned i = 0; i < n; i++)
        at = at << 1 | take_bit(c, &tree[at]);
    return at - (1U << n);
}

/* The same, the lowest first. */
static unsigned take_tree_reversed(struct coder *c, probability *tree, unsigned n)
{
    unsigned at = 1;
    unsigned v = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned bit = take_bit(c, &tree[at]);
        at = at << 1 | bit;
        v |= bit << i;
    }
    return v;
}

/* ---- the models */

#define STATES 12 /* what the last few things were; below 7: a literal was the last */
#define STATE_LITERAL_MAX 7
#define POSITIONS (1U << 4)
#define LITERAL_CODERS_BITS 4 /* LZMA2 allows no more of lc + lp */
#define LITERAL_SIZE 0x300
#define LENGTH_MIN 2
#define DISTANCE_STATES 4
#define SLOT_BITS 6
#define SLOT_MODELLED 4      /* from this slot on, a distance has more bits than its slot says */
#define SLOT_MODELLED_END 14 /* and from this one on, not all of them have models */
#define DISTANCES_FULL 128
#define ALIGN_BITS 4

struct length_model {
    probability choice, choice_2, low[POSITIONS][8], middle[POSITIONS][8], high[256];
};

struct models {
    probability is_match[STATES][POSITIONS], is_rep[STATES], is_rep_0[STATES], is_rep_1[STATES],
        is_rep_2[STATES], is_rep_0_long[STATES][POSITIONS];
    probability slot[DISTANCE_STATES][1 << SLOT_BITS];
    probability distance[1 + DISTANCES_FULL - SLOT_MODELLED_END];
    probability align[1 << ALIGN_BITS];
    struct length_model match_length, rep_length;
    probability literal[LITERAL_SIZE << LITERAL_CODERS_BITS];
};

struct stream {
    struct coder coder;
    uint8_t *out;        /* from where the dictionary was reset last */
    uint64_t at, n, end; /* in it: where next; room; where this chunk ends */
    unsigned state;
    uint32_t rep[4]; /* the last four distances, less 1 */
    unsigned literal_context, literal_position_mask, position_mask;
    bool has_dictionary, has_properties, has_state;
    struct models models;
};

static void reset_state(struct stream *s)
{
    probability *p = (probability *)&s->models;
    for (unsigned i = 0; i < sizeof(s->models) / sizeof(*p); i++)
        p[i] = PROBABILITY_HALF;
    s->state = 0;
    memset(s->rep, 0, sizeof(s->rep));
    s->has_state = true;
}

static bool set_properties(struct stream *s, unsigned properties)
{
    unsigned lc = properties % 9;
    unsigned lp = properties / 9 % 5;
    unsigned pb = properties / 45;
    if (pb > 4 || lc + lp > LITERAL_CODERS_BITS)
        return false;
    s->literal_context = lc;
    s->literal_position_mask = (1U << lp) - 1;
    s->position_mask = (1U << pb) - 1;
    s->has_properties = true;
    return true;
}

static unsigned take_length(struct coder *c, struct length_model *m, unsigned position)
{
    if (!take_bit(c, &m->choice))
        return LENGTH_MIN + take_tree(c, m->low[position], 3);
    if (!take_bit(c, &m->choice_2))
        return LENGTH_MIN + 8 + take_tree(c, m->middle[position], 3);
    return LENGTH_MIN + 16 + take_tree(c, m->high, 8);
}

static uint32_t take_distance(struct stream *s, unsigned length)
{
    struct coder *c = &s->coder;
    unsigned of_length = min(length - LENGTH_MIN, DISTANCE_STATES - 1U);
    unsigned slot = take_tree(c, s->models.slot[of_length], SLOT_BITS);
    if (slot < SLOT_MODELLED)
        return slot;
    unsigned bits = (slot >> 1) - 1;
    uint32_t distance = (2 | (slot & 1)) << bits;
    if (slot < SLOT_MODELLED_END)
        return distance + take_tree_reversed(c, s->models.distance + distance - slot, bits);
    distance += take_direct(c, bits - ALIGN_BITS) << ALIGN_BITS;
    return distance + take_tree_reversed(c, s->models.align, ALIGN_BITS);
}

/* After a match the byte that it ended before is known not to follow: it chooses the models. */
static uint8_t take_literal(struct stream *s)
{
    unsigned before = s->at == 0 ? 0 : s->out[s->at - 1];
    unsigned which = (unsigned)(((s->at & s->literal_position_mask) << s->literal_context) +
                                (before >> (8 - s->literal_context)));
    probability *p = &s->models.literal[LITERAL_SIZE * which];
    unsigned symbol = 1;
    if (s->state >= STATE_LITERAL_MAX) {
        unsigned other = s->out[s->at - s->rep[0] - 1];
        unsigned same = 0x100; /* as long as all bits were the other one's */
        while (symbol < 0x100) {
            other <<= 1;
            unsigned other_bit = other & same;
            unsigned bit = take_bit(&s->coder, &p[same + other_bit + symbol]);
            symbol = symbol << 1 | bit;
            same &= bit ? other_bit : ~other_bit;
        }
    }
    while (symbol < 0x100)
        symbol = symbol << 1 | take_bit(&s->coder, &p[symbol]);
    s->state = s->state < 4 ? 0 : s->state < 10 ? s->state - 3 : s->state - 6;
    return (uint8_t)symbol;
}

/* One of the last four distances, which becomes the first. */
static unsigned take_rep(struct stream *s, unsigned position)
{
    struct models *m = &s->models;
    struct coder *c = &s->coder;
    bool after_literal = s->state < STATE_LITERAL_MAX;
    if (!take_bit(c, &m->is_rep_0[s->state])) {
        if (!take_bit(c, &m->is_rep_0_long[s->state][position])) {
            s->state = after_literal ? 9 : 11;
            return 1;
        }
    } else {
        unsigned which = !take_bit(c, &m->is_rep_1[s->state])   ? 1
                         : !take_bit(c, &m->is_rep_2[s->state]) ? 2
                                                                : 3;
        uint32_t distance = s->rep[which];
        for (; which > 0; which--)
            s->rep[which] = s->rep[which - 1];
        s->rep[0] = distance;
    }
    s->state = after_literal ? 8 : 11;
    return take_length(c, &m->rep_length, position);
}

static unsigned take_match(struct stream *s, unsigned position)
{
    for (unsigned i = 3; i > 0; i--)
        s->rep[i] = s->rep[i - 1];
    s->state = s->state < STATE_LITERAL_MAX ? 7 : 10;
    unsigned length = take_length(&s->coder, &s->models.match_length, position);
    s->rep[0] = take_distance(s, length);
    return length;
}

static bool copy_back(struct stream *s, unsigned length)
{
    if (s->rep[0] >= s->at || length > s->end - s->at)
        return false;
    for (; length != 0; length--, s->at++)
        s->out[s->at] = s->out[s->at - s->rep[0] - 1];
    return true;
}

/* A chunk's input is used up when its output is complete, and the coder is where it ends. */
static bool take_chunk(struct stream *s)
{
    while (s->at < s->end && !s->coder.short_of) {
        unsigned position = (unsigned)s->at & s->position_mask;
        if (!take_bit(&s->coder, &s->models.is_match[s->state][position])) {
            uint8_t literal = take_literal(s);
            s->out[s->at++] = literal;
            continue;
        }
        unsigned length = take_bit(&s->coder, &s->models.is_rep[s->state])
                              ? take_rep(s, position)
                              : take_match(s, position);
        if (!copy_back(s, length))
            return false;
    }
    normalise(&s->coder);
    return !s->coder.short_of && s->coder.at == s->coder.end && s->coder.code == 0;
}

/* ---- LZMA2's chunks */

#define CHUNK_END 0
#define CHUNK_PLAIN_RESET 1 /* not compressed, with a new dictionary */
#define CHUNK_PLAIN 2
#define CHUNK_LZMA 0x80 /* bits 5, 6: what begins anew; 0 to 4: the size's upper bits */

enum { RESET_NOTHING, RESET_STATE, RESET_PROPERTIES, RESET_ALL };

static unsigned read_16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void reset_dictionary(struct stream *s)
{
    s->out += s->at;
    s->n -= s->at;
    s->at = 0;
    s->has_dictionary = true;
    /* What the models know is about what is gone: the next ones are new. */
    s->has_properties = false;
    s->has_state = false;
}

/* Each takes a chunk at in, of at most size bytes, and returns its size; 0: it is wrong. */
static uint64_t plain_chunk(struct stream *s, const uint8_t *in, uint64_t size)
{
    if (size < 3)
        return 0;
    uint64_t length = read_16(in + 1) + 1UL;
    if (in[0] == CHUNK_PLAIN_RESET)
        reset_dictionary(s);
    if (!s->has_dictionary || length > size - 3 || length > s->n - s->at)
        return 0;
    memcpy(s->out + s->at, in + 3, length);
    s->at += length;
    return 3 + length;
}

static uint64_t lzma_chunk(struct stream *s, const uint8_t *in, uint64_t size)
{
    unsigned reset = in[0] >> 5 & 3;
    unsigned header = reset >= RESET_PROPERTIES ? 6 : 5;
    if (size < header)
        return 0;
    uint64_t made = ((uint64_t)(in[0] & 0x1f) << 16) + read_16(in + 1) + 1;
    uint64_t length = read_16(in + 3) + 1UL;
    if (reset == RESET_ALL)
        reset_dictionary(s);
    if (reset >= RESET_PROPERTIES && !set_properties(s, in[5]))
        return 0;
    if (!s->has_dictionary || !s->has_properties || (reset == RESET_NOTHING && !s->has_state))
        return 0;
    if (reset != RESET_NOTHING)
        reset_state(s);
    if (length > size - header || made > s->n - s->at ||
        !coder_start(&s->coder, in + header, length))
        return 0;
    s->end = s->at + made;
    return take_chunk(s) ? header + length : 0;
}

bool lzma2_uncompress(const uint8_t *in, uint64_t size, uint8_t *to, uint64_t room, uint64_t *used,
                      uint64_t *made)
{
    static struct stream s;
    s = (struct stream){.out = to, .n = room};
    uint64_t at = 0;
    while (at < size) {
        uint8_t control = in[at];
        uint64_t chunk = 0;
        if (control == CHUNK_END) {
            *used = at + 1;
            *made = (uint64_t)(s.out - to) + s.at;
            return true;
        }
        if (control >= CHUNK_LZMA)
            chunk = lzma_chunk(&s, in + at, size - at);
        else if (control <= CHUNK_PLAIN)
            chunk = plain_chunk(&s, in + at, size - at);
        if (chunk == 0)
            return false;
        at += chunk;
    }
    return false;
}
