/* The packet loop on input that means it ill: orders and datagrams read off the fuzzer's bytes, several peers, both ways.
 *
 * SRTP is a stand-in that takes every packet as authentic, so that the parsers behind it are reached at once; libsrtp itself is
 * not what is tried here. Built with libFuzzer for `make fuzz`, with replay.c for `make test`.
 */
#include <stdlib.h>
#include <string.h>

#include "../../media/plane/native/plane.h"

enum { PEERS = 4, TRAILER = 16 };

static int unprotect(void *context, void *packet, int *size) {
    (void)context;
    (void)packet;
    return *size < 12 ? 1 : 0;
}

static int protect(void *context, void *packet, int *size) { /* writes a trailer, as libsrtp does: room must be there */
    (void)context;
    memset((uint8_t *)packet + *size, 0xEE, TRAILER);
    *size += TRAILER;
    return 0;
}

typedef struct {
    const uint8_t *at;
    size_t left;
} input;

static uint32_t number(input *in, size_t octets) {
    uint32_t value = 0;
    for (size_t i = 0; i < octets && in->left > 0; i++, in->at++, in->left--) value = value << 8 | *in->at;
    return value;
}

static plane_address address_of(uint32_t peer) {
    plane_address address = {.port = (uint16_t)(1000 + peer % (PEERS + 1))};
    address.ip[10] = address.ip[11] = 0xFF;
    address.ip[15] = 1;
    return address;
}

static void add(plane *p, uint32_t peer) {
    static int context;
    plane_address address = address_of(peer);
    plane_peer_add(p, peer, 900 + peer, (plane_extensions){1, 2, 4, 5, 6});
    plane_peer_keys_set(p, peer, &context, &context);
    plane_peer_address_set(p, peer, &address);
    for (uint8_t i = 0; i < 9; i++) plane_peer_check_add(p, peer, (uint8_t[20]){0, 1, [8] = i}, 20);
    plane_extensions extensions = {1, 2, 4, 5, 6};
    plane_repair none = {0, 0, 0}, again = {30, 97, 0}, own = {300 + peer, 121, 65530};
    plane_source_set(p, peer, 10, PLANE_OPUS, 111, extensions, none);
    plane_source_set(p, peer, 20, PLANE_VP8, 96, extensions, again);
    plane_source_set(p, peer, 21, PLANE_VP8, 96, extensions, none);
    plane_source_set(p, peer, 22, PLANE_H264, 102, extensions, again);
    for (uint32_t other = 0; other < PEERS; other++) {
        plane_extensions wide = {(uint8_t)(other % 2 ? 20 : 3), 5, 7, 0, 0};
        plane_sink_set(p, peer, 100 + other, PLANE_OPUS, 109, wide, none, "seat", other % 2 ? "sixteen-letters." : "3", 5, 6);
        plane_sink_set(p, peer, 200 + other, PLANE_VP8, 120, wide, other % 2 ? own : none, "seat", "12", 65000, 6);
        plane_sink_set(p, peer, 400 + other, PLANE_H264, 121, wide, none, "seat", "", 65000, 6);
    }
}

static void order(plane *p, input *in, double now) {
    uint32_t what = number(in, 1), peer = number(in, 1) % PEERS, other = number(in, 1) % PEERS;
    plane_address address = address_of(number(in, 1));
    plane_extensions extensions = {(uint8_t)(number(in, 1)), (uint8_t)(number(in, 1)), 4, 5, 6};
    switch (what % 13) {
        case 0: plane_peer_remove(p, peer); break;
        case 1: add(p, peer); break;
        case 2: plane_source_clear(p, peer, other % 2 ? 10 : 20); break;
        case 3: plane_sink_clear(p, peer, (what & 0x80 ? 100 : 200) + other); break;
        case 4: plane_route_clear(p, peer, (what & 0x80 ? 100 : 200) + other); break;
        case 5: plane_peer_address_add(p, peer, &address); break;
        case 6: plane_peer_address_remove(p, peer, &address); break;
        case 7: plane_keyframe_request(p, peer, 20, now); break;
        case 8: plane_source_set(p, peer, 20, other ? PLANE_VP8 : PLANE_H264, (uint8_t)number(in, 1), extensions, (plane_repair){other, 97, 0}); break;
        case 9: plane_tap_set(p, peer, 20, other ? "/nowhere" : NULL, 7, (uint8_t)(other % 16)); break;
        case 10: plane_route_change(p, peer, 200 + other, other, (what & 0x80 ? 20 : 21)); break;
        default:
            plane_route_set(p, peer, 100 + other, other, 10);
            plane_route_set(p, peer, 200 + other, other, 20);
            plane_route_set(p, peer, 400 + other, other, 22);
    }
}

static void drain(plane *p) {
    static uint8_t data[2048];
    plane_address to;
    plane_up up;
    while (plane_take_sent(p, &to, data) > 0) {
    }
    while (plane_take_up(p, &up, data) > 0) {
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plane_srtp srtp = {(void *)unprotect, (void *)protect, (void *)unprotect, (void *)protect};
    plane *p = plane_new(-1, -1, &srtp);
    input in = {data, size};
    double now = 1000;
    for (uint32_t peer = 0; peer < PEERS; peer++) add(p, peer);
    for (uint32_t peer = 0; peer < PEERS; peer++)
        for (uint32_t other = 0; other < PEERS; other++) {
            plane_route_set(p, peer, 100 + other, other, 10);
            plane_route_set(p, peer, 200 + other, other, 20);
            plane_route_set(p, peer, 400 + other, other, 22);
        }
    while (in.left > 2) {
        uint32_t head = number(&in, 1);
        now += (double)(head & 0x1F) * 0.01;
        if (head < 32) {
            order(p, &in, now);
        } else if (head < 36) {
            plane_report(p, now);
        } else {
            size_t length = number(&in, head & 1 ? 2 : 1);
            length = length > in.left ? in.left : length;
            plane_address from = address_of(head);
            plane_datagram(p, in.at, (int)length, &from, now);
            in.at += length;
            in.left -= length;
        }
        drain(p);
    }
    plane_source_counters sources[8];
    plane_sink_counters sinks[8];
    plane_source_table(p, sources, 8);
    plane_sink_table(p, sinks, 8);
    plane_free(p);
    return 0;
}
