#include "rtcp.h"

enum { HEADER_BYTES = 4, BLOCK_BYTES = 24, MAX_BLOCKS = 31 };
static const uint64_t MAX_REMB_BPS = 1ULL << 40;

int rtcp_next(const uint8_t *data, int size, int *at, rtcp_packet *packet) {
    if (*at == size) return 0;
    if (*at + HEADER_BYTES > size || data[*at] >> 6 != 2) return -1;
    const uint8_t *head = data + *at;
    int end = *at + HEADER_BYTES + 4 * get16(head + 2);
    if (end > size) return -1;
    *packet = (rtcp_packet){.type = head[1], .count = head[0] & 0x1F, .body = head + HEADER_BYTES, .size = end - *at - HEADER_BYTES};
    if (head[0] & 0x20) {
        int padding = data[end - 1];
        if (padding == 0 || padding > packet->size) return -1;
        packet->size -= padding;
    }
    *at = end;
    return 1;
}

report_block rtcp_block(const uint8_t *at) {
    int32_t lost = (int32_t)(get32(at + 4) & 0xFFFFFF);
    return (report_block){
        .ssrc = get32(at),
        .fraction_lost = at[4],
        .lost = lost & 0x800000 ? lost - 0x1000000 : lost,
        .highest = get32(at + 8),
        .jitter = get32(at + 12),
        .last_report = get32(at + 16),
        .delay = get32(at + 20),
    };
}

bool rtcp_remb(const rtcp_packet *packet, uint64_t *bps, const uint8_t **ssrcs, int *count) {
    if (packet->size < 16 || memcmp(packet->body + 8, "REMB", 4) != 0) return false;
    *count = packet->body[12];
    if (packet->size < 16 + 4 * *count) return false;
    int exponent = packet->body[13] >> 2;
    uint64_t mantissa = (uint64_t)(packet->body[13] & 3) << 16 | get16(packet->body + 14);
    *bps = exponent > 40 && mantissa ? MAX_REMB_BPS : mantissa << (exponent > 40 ? 0 : exponent);
    if (*bps > MAX_REMB_BPS) *bps = MAX_REMB_BPS;
    *ssrcs = packet->body + 16;
    return true;
}

/* Where a packet of `body` octets goes, its header written; NULL when the compound is full. */
static uint8_t *frame(compound *c, int type, int count, int body) {
    if (c->size + HEADER_BYTES + body > MAX_COMPOUND_BYTES) return NULL;
    uint8_t *head = c->data + c->size;
    head[0] = (uint8_t)(0x80 | count);
    head[1] = (uint8_t)type;
    put16(head + 2, (uint16_t)(body / 4));
    c->size += HEADER_BYTES + body;
    return head + HEADER_BYTES;
}

void compound_sender_report(compound *c, uint32_t ssrc, uint64_t ntp, uint32_t timestamp, uint32_t packets, uint32_t octets) {
    uint8_t *at = frame(c, RTCP_SR, 0, 24);
    if (at == NULL) return;
    put32(at, ssrc);
    put64(at + 4, ntp);
    put32(at + 12, timestamp);
    put32(at + 16, packets);
    put32(at + 20, octets);
}

void compound_receiver_report(compound *c, uint32_t ssrc, const report_block *blocks, int count) {
    if (count > MAX_BLOCKS) count = MAX_BLOCKS;
    uint8_t *at = frame(c, RTCP_RR, count, 4 + BLOCK_BYTES * count);
    if (at == NULL) return;
    put32(at, ssrc);
    at += 4;
    for (int i = 0; i < count; i++, at += BLOCK_BYTES) {
        put32(at, blocks[i].ssrc);
        put32(at + 4, (uint32_t)blocks[i].fraction_lost << 24 | ((uint32_t)blocks[i].lost & 0xFFFFFF));
        put32(at + 8, blocks[i].highest);
        put32(at + 12, blocks[i].jitter);
        put32(at + 16, blocks[i].last_report);
        put32(at + 20, blocks[i].delay);
    }
}

void compound_cname(compound *c, uint32_t ssrc, const char *name) {
    int length = (int)strnlen(name, MAX_CNAME_BYTES);
    int chunk = 4 + 2 + length;
    int padded = chunk + 4 - chunk % 4; /* one to four zeros end the chunk */
    uint8_t *at = frame(c, RTCP_SDES, 1, padded);
    if (at == NULL) return;
    memset(at, 0, (size_t)padded);
    put32(at, ssrc);
    at[4] = 1;
    at[5] = (uint8_t)length;
    memcpy(at + 6, name, (size_t)length);
}

void compound_pli(compound *c, uint32_t sender, uint32_t media) {
    uint8_t *at = frame(c, RTCP_PSFB, FMT_PLI, 8);
    if (at == NULL) return;
    put32(at, sender);
    put32(at + 4, media);
}

void compound_nack(compound *c, uint32_t sender, uint32_t media, const uint16_t *sequences, int count) {
    uint16_t first[256], following[256];
    int entries = 0;
    for (int i = 0; i < count && entries < 256; i++) {
        int distance = entries ? (uint16_t)(sequences[i] - first[entries - 1]) : 0;
        if (distance >= 1 && distance <= 16) {
            following[entries - 1] |= (uint16_t)(1u << (distance - 1));
        } else {
            first[entries] = sequences[i];
            following[entries++] = 0;
        }
    }
    uint8_t *at = frame(c, RTCP_RTPFB, FMT_NACK, 8 + 4 * entries);
    if (at == NULL) return;
    put32(at, sender);
    put32(at + 4, media);
    for (int i = 0; i < entries; i++) {
        put16(at + 8 + 4 * i, first[i]);
        put16(at + 10 + 4 * i, following[i]);
    }
}

void compound_remb(compound *c, uint32_t sender, uint64_t bps, uint32_t ssrc) {
    uint8_t *at = frame(c, RTCP_PSFB, FMT_REMB, 20);
    if (at == NULL) return;
    int exponent = 0;
    while (bps >> exponent >= 1 << 18) exponent++;
    uint32_t mantissa = (uint32_t)(bps >> exponent);
    put32(at, sender);
    put32(at + 4, 0);
    memcpy(at + 8, "REMB", 4);
    at[12] = 1;
    at[13] = (uint8_t)((uint32_t)exponent << 2 | mantissa >> 16);
    put16(at + 14, (uint16_t)mantissa);
    put32(at + 16, ssrc);
}
