/* SPDX-License-Identifier: MIT */
/*
 * Two one-way lanes make a ring: requests travel in one, responses in the other.
 *
 * A layout whose source describes a one-way queue supplies the lane (prefix `L_`):
 *
 *   size_t  L_lane_footprint(const struct ring_lane *)          bytes of shared memory
 *   void    L_lane_init(void *shared, const struct ring_lane *) before either end attaches
 *   void    L_tx_attach(struct L_tx *, void *shared, const struct ring_lane *)
 *   void    L_rx_attach(struct L_rx *, void *shared, const struct ring_lane *)
 *   int32_t L_tx_reserve(tx, n)   void L_tx_write(tx, i, src, size)
 *   void    L_tx_publish(tx, n)   void L_tx_flush(tx)            bool L_tx_ask(tx)
 *   int32_t L_rx_peek(rx, n)      void L_rx_read(rx, i, dst, size)
 *   void    L_rx_release(rx, n)   bool L_rx_arm(rx, after)       void L_rx_disarm(rx)
 *
 * each with the meaning that ring.h gives to the same word, and RING_DUPLEX(L) derives the rest.
 * Tags are unused: a lane carries responses in any order, and who they answer is in the payload.
 *
 * RING_DUPLEX gives a lane what most have; one that is special in this supplies the three itself
 * and uses RING_DUPLEX_CORE(L):
 *
 *   size_t   L_rx_private(const struct ring_lane *)   bytes of private memory its consumer needs: 0
 *   void     L_rx_give(struct L_rx *, void *priv)     takes it, right after L_rx_attach
 *   uint32_t L_rx_held(uint32_t entries)              released entries that the consumer may keep
 *                                                     from the producer for a while: 0. With
 *                                                     that many fewer outstanding than entries, a
 *                                                     response always finds room.
 */
#ifndef RING_DUPLEX_H
#define RING_DUPLEX_H

#include "ring.h"

struct ring_lane {
    uint32_t entries;
    uint32_t size;  /* bytes of an element */
    uint32_t start; /* index that both cursors begin at */
};

static inline struct ring_lane ring_lane_requests(const struct ring_geometry *g)
{
    return (struct ring_lane){.entries = g->entries, .size = g->req_size, .start = g->start};
}

static inline struct ring_lane ring_lane_responses(const struct ring_geometry *g)
{
    return (struct ring_lane){.entries = g->entries, .size = g->rsp_size, .start = g->start};
}

/* clang-format off */
#define RING_DUPLEX(L)                                                                             \
    static inline size_t L##_rx_private(const struct ring_lane *g)                                 \
    { (void)g; return 0; }                                                                         \
    static inline void L##_rx_give(struct L##_rx *rx, void *priv)                                  \
    { (void)rx; (void)priv; }                                                                      \
    static inline uint32_t L##_rx_held(uint32_t entries)                                           \
    { (void)entries; return 0; }                                                                   \
    RING_DUPLEX_CORE(L)

#define RING_DUPLEX_CORE(L)                                                                        \
    struct L##_front { struct L##_tx req; struct L##_rx rsp; };                                    \
    struct L##_back { struct L##_rx req; struct L##_tx rsp; };                                     \
                                                                                                   \
    static inline size_t L##_responses_at(const struct ring_geometry *g)                           \
    {                                                                                              \
        struct ring_lane lane = ring_lane_requests(g);                                             \
        return ring_round_up(L##_lane_footprint(&lane), RING_ALIGN);                               \
    }                                                                                              \
    static inline int L##_footprint(const struct ring_geometry *g, struct ring_footprint *fp)      \
    {                                                                                              \
        int error = ring_geometry_check(g, 1);                                                     \
        if (error != RING_OK)                                                                      \
            return error;                                                                          \
        struct ring_lane req = ring_lane_requests(g), rsp = ring_lane_responses(g);                \
        *fp = (struct ring_footprint){.shared = L##_responses_at(g) + L##_lane_footprint(&rsp),    \
                                      .front = L##_rx_private(&rsp),                               \
                                      .back = L##_rx_private(&req)};                               \
        return RING_OK;                                                                            \
    }                                                                                              \
    static inline uint32_t L##_capacity(const struct ring_geometry *g)                             \
    {                                                                                              \
        return g->entries - L##_rx_held(g->entries);                                               \
    }                                                                                              \
    static inline int L##_attach_check(const struct ring_geometry *g, const void *shared,          \
                                       const void *priv, const struct ring_lane *rx)               \
    {                                                                                              \
        int error = ring_geometry_check(g, 1);                                                     \
        return error != RING_OK ? error : ring_memory_check(shared, priv, L##_rx_private(rx));     \
    }                                                                                              \
    static inline int L##_front_init(struct L##_front *f, const struct ring_geometry *g,           \
                                     void *shared, void *priv)                                     \
    {                                                                                              \
        struct ring_lane req = ring_lane_requests(g), rsp = ring_lane_responses(g);                \
        int error = L##_attach_check(g, shared, priv, &rsp);                                       \
        if (error != RING_OK)                                                                      \
            return error;                                                                          \
        void *rsp_shared = (uint8_t *)shared + L##_responses_at(g);                                \
        L##_lane_init(shared, &req);                                                               \
        L##_lane_init(rsp_shared, &rsp);                                                           \
        L##_tx_attach(&f->req, shared, &req);                                                      \
        L##_rx_attach(&f->rsp, rsp_shared, &rsp);                                                  \
        L##_rx_give(&f->rsp, priv);                                                                \
        return RING_OK;                                                                            \
    }                                                                                              \
    static inline int L##_back_attach(struct L##_back *b, const struct ring_geometry *g,           \
                                      void *shared, void *priv)                                    \
    {                                                                                              \
        struct ring_lane req = ring_lane_requests(g), rsp = ring_lane_responses(g);                \
        int error = L##_attach_check(g, shared, priv, &req);                                       \
        if (error != RING_OK)                                                                      \
            return error;                                                                          \
        L##_rx_attach(&b->req, shared, &req);                                                      \
        L##_rx_give(&b->req, priv);                                                                \
        L##_tx_attach(&b->rsp, (uint8_t *)shared + L##_responses_at(g), &rsp);                     \
        return RING_OK;                                                                            \
    }                                                                                              \
                                                                                                   \
    RING_INLINE int32_t L##_req_reserve(struct L##_front *f, uint32_t n)                           \
    { return L##_tx_reserve(&f->req, n); }                                                         \
    RING_INLINE void L##_req_write(                                                                \
        struct L##_front *f, uint32_t i, const void *src, uint32_t size)                           \
    { L##_tx_write(&f->req, i, src, size); }                                                       \
    RING_INLINE void L##_req_publish(struct L##_front *f, uint32_t n)                              \
    { L##_tx_publish(&f->req, n); }                                                                \
    RING_INLINE void L##_req_flush(struct L##_front *f)                                            \
    { L##_tx_flush(&f->req); }                                                                     \
    static inline bool L##_req_ask(struct L##_front *f)                                            \
    { return L##_tx_ask(&f->req); }                                                                \
    RING_INLINE int32_t L##_rsp_peek(struct L##_front *f, uint32_t n)                              \
    { return L##_rx_peek(&f->rsp, n); }                                                            \
    RING_INLINE void L##_rsp_read(                                                                 \
        struct L##_front *f, uint32_t i, void *dst, uint32_t size)                                 \
    { L##_rx_read(&f->rsp, i, dst, size); }                                                        \
    RING_INLINE void L##_rsp_release(struct L##_front *f, uint32_t n)                              \
    { L##_rx_release(&f->rsp, n); }                                                                \
    static inline bool L##_rsp_arm(struct L##_front *f, uint32_t after)                            \
    { return L##_rx_arm(&f->rsp, after); }                                                         \
    static inline void L##_rsp_disarm(struct L##_front *f)                                         \
    { L##_rx_disarm(&f->rsp); }                                                                    \
                                                                                                   \
    RING_INLINE int32_t L##_req_peek(struct L##_back *b, uint32_t n)                               \
    { return L##_rx_peek(&b->req, n); }                                                            \
    RING_INLINE uint32_t L##_req_read(                                                             \
        struct L##_back *b, uint32_t i, void *dst, uint32_t size)                                  \
    { L##_rx_read(&b->req, i, dst, size); return 0; }                                              \
    RING_INLINE void L##_req_release(struct L##_back *b, uint32_t n)                               \
    { L##_rx_release(&b->req, n); }                                                                \
    static inline bool L##_req_arm(struct L##_back *b, uint32_t after)                             \
    { return L##_rx_arm(&b->req, after); }                                                         \
    static inline void L##_req_disarm(struct L##_back *b)                                          \
    { L##_rx_disarm(&b->req); }                                                                    \
    RING_INLINE int32_t L##_rsp_reserve(struct L##_back *b, uint32_t n)                            \
    { return L##_tx_reserve(&b->rsp, n); }                                                         \
    RING_INLINE void L##_rsp_write(                                                                \
        struct L##_back *b, uint32_t i, uint32_t tag, const void *src, uint32_t size)              \
    { (void)tag; L##_tx_write(&b->rsp, i, src, size); }                                            \
    RING_INLINE void L##_rsp_publish(struct L##_back *b, uint32_t n)                               \
    { L##_tx_publish(&b->rsp, n); }                                                                \
    RING_INLINE void L##_rsp_flush(struct L##_back *b)                                             \
    { L##_tx_flush(&b->rsp); }                                                                     \
    static inline uint64_t L##_rsp_ask(struct L##_back *b)                                         \
    { return L##_tx_ask(&b->rsp) ? 1 : 0; }                                                        \
    static inline uint64_t L##_rsp_reached(struct L##_back *b)                                     \
    { (void)b; return 1; }
/* clang-format on */

#endif
