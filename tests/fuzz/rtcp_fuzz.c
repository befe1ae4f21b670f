/* The walk over an RTCP compound, its reports and estimates, and the writers fed with what was read: nothing outside the datagram
 * is read, nothing past the compound is written, and what we write we can read.
 */
#include <stdlib.h>
#include <string.h>

#include "../../media/plane/native/rtcp.h"

static void demand(bool holds) {
    if (!holds) abort();
}

static void read_again(const compound *c) {
    rtcp_packet packet;
    int at = 0, more;
    while ((more = rtcp_next(c->data, c->size, &at, &packet)) == 1) {
    }
    demand(more == 0 && at == c->size && c->size <= MAX_COMPOUND_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1500) return 0;
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees one octet too many */
    if (exact == NULL) return 0;
    memcpy(exact, data, size);
    compound c = {.size = 0};
    rtcp_packet packet;
    int at = 0;
    while (rtcp_next(exact, (int)size, &at, &packet) == 1) {
        demand(packet.size >= 0 && packet.body + packet.size <= exact + size);
        report_block blocks[31];
        int count = 0;
        for (int from = packet.type == RTCP_SR ? 24 : 4; count < packet.count && from + 24 <= packet.size; from += 24)
            blocks[count++] = rtcp_block(packet.body + from);
        compound_receiver_report(&c, 1, blocks, count);
        uint64_t bps;
        const uint8_t *ssrcs;
        int named;
        if (packet.type == RTCP_PSFB && rtcp_remb(&packet, &bps, &ssrcs, &named)) {
            demand(ssrcs + 4 * named <= exact + size);
            compound_remb(&c, 1, bps, named ? get32(ssrcs) : 0);
        }
        uint16_t lost[256];
        int missing = 0;
        for (int from = 8; from + 2 <= packet.size && missing < 256; from += 2) lost[missing++] = get16(packet.body + from);
        if (packet.type == RTCP_RTPFB) compound_nack(&c, 1, 2, lost, missing);
        if (packet.size >= 4) compound_pli(&c, get32(packet.body), 3);
        char name[64] = "";
        memcpy(name, packet.body, packet.size < 63 ? (size_t)packet.size : 63);
        compound_cname(&c, 1, name);
    }
    read_again(&c);
    free(exact);
    return 0;
}
