/* RTCP (RFC 3550, 4585, 5104; REMB: draft-alvestrand-rmcat-remb): a bounded walk over a compound, and a bounded writer. */
#ifndef CONSILIUM_RTCP_H
#define CONSILIUM_RTCP_H

#include "wire.h"

enum {
    RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203, RTCP_RTPFB = 205, RTCP_PSFB = 206,
    FMT_NACK = 1, FMT_PLI = 1, FMT_FIR = 4, FMT_REMB = 15,
    MAX_COMPOUND_BYTES = 1400,
    MAX_CNAME_BYTES = 32,
};

/* One packet of a compound: its body without padding. */
typedef struct {
    int type, count; /* count: reports, SSRCs or the feedback's format */
    const uint8_t *body;
    int size;
} rtcp_packet;

/* The next packet at `*at`; 1 there is one, 0 the compound ended, -1 a length in it is wrong. */
int rtcp_next(const uint8_t *data, int size, int *at, rtcp_packet *packet);

/* RFC 3550, 6.4.1: times in 1/65536 s. */
typedef struct {
    uint32_t ssrc;
    uint8_t fraction_lost;
    int32_t lost;
    uint32_t highest, jitter, last_report, delay;
} report_block;

report_block rtcp_block(const uint8_t *at);

/* Bits per second and the SSRCs named; false when it is no REMB or too short. */
bool rtcp_remb(const rtcp_packet *packet, uint64_t *bps, const uint8_t **ssrcs, int *count);

/* A compound being written; what does not fit is left out whole. */
typedef struct {
    uint8_t data[MAX_COMPOUND_BYTES + 64]; /* room for libsrtp's trailer */
    int size;
} compound;

void compound_sender_report(compound *c, uint32_t ssrc, uint64_t ntp, uint32_t timestamp, uint32_t packets, uint32_t octets);
void compound_receiver_report(compound *c, uint32_t ssrc, const report_block *blocks, int count);
void compound_cname(compound *c, uint32_t ssrc, const char *name);
void compound_pli(compound *c, uint32_t sender, uint32_t media);
void compound_nack(compound *c, uint32_t sender, uint32_t media, const uint16_t *sequences, int count);
void compound_remb(compound *c, uint32_t sender, uint64_t bps, uint32_t ssrc);

#endif
