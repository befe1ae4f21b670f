/* RTP headers and their extensions (RFC 3550, RFC 8285): reading with bounds, writing what a sink gets. */
#ifndef CONSILIUM_RTP_H
#define CONSILIUM_RTP_H

#include "wire.h"

enum { RTP_HEADER_BYTES = 12, MAX_EXTENSION_BYTES = 4 + 3 * (2 + 16) + 3 };

/* A parsed header. The payload is [payload_start, payload_end), without padding; empty for a padding-only packet. */
typedef struct {
    bool marker;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t extension_profile; /* 0: none */
    int extension_start, extension_end;
    int payload_start, payload_end;
} rtp_header;

/* A part of a packet; `data` is NULL when it is not there. */
typedef struct {
    const uint8_t *data;
    int size;
} slice;

/* False when a length in the packet points outside of it. */
bool rtp_parse(const uint8_t *data, int size, rtp_header *header);

/* The value of the extension numbered `wanted` (1 to 255); none when absent or malformed, or when `wanted` is 0. */
slice rtp_extension(const uint8_t *data, const rtp_header *header, int wanted);

typedef struct {
    int number; /* 0: leave out */
    slice value; /* 1 to 16 bytes */
} rtp_extension_value;

/* Writes header and extensions (at most RTP_HEADER_BYTES + MAX_EXTENSION_BYTES); returns where the payload goes. */
int rtp_write(uint8_t *out, const rtp_header *header, const rtp_extension_value *values, int count);

#endif
