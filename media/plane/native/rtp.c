#include "rtp.h"

enum { ONE_BYTE_PROFILE = 0xBEDE, TWO_BYTE_PROFILE = 0x1000 };

bool rtp_parse(const uint8_t *data, int size, rtp_header *header) {
    if (size < RTP_HEADER_BYTES || data[0] >> 6 != 2) return false;
    int at = RTP_HEADER_BYTES + 4 * (data[0] & 0x0F);
    *header = (rtp_header){
        .marker = data[1] & 0x80,
        .payload_type = data[1] & 0x7F,
        .sequence = get16(data + 2),
        .timestamp = get32(data + 4),
        .ssrc = get32(data + 8),
    };
    if (data[0] & 0x10) {
        if (at + 4 > size) return false;
        header->extension_profile = get16(data + at);
        header->extension_start = at + 4;
        header->extension_end = at = at + 4 + 4 * get16(data + at + 2);
    }
    int end = size;
    if (data[0] & 0x20) {
        if (data[size - 1] == 0) return false;
        end -= data[size - 1];
    }
    if (at > end) return false; /* also an extension that is longer than the packet */
    header->payload_start = at;
    header->payload_end = end;
    return true;
}

static slice one_byte(const uint8_t *data, int at, int end, int wanted) {
    while (at < end) {
        int head = data[at++];
        if (head == 0) continue;
        int number = head >> 4, size = (head & 0x0F) + 1;
        if (number == 15 || at + size > end) break; /* 15: stop here (RFC 8285, 4.2) */
        if (number == wanted) return (slice){data + at, size};
        at += size;
    }
    return (slice){0};
}

static slice two_byte(const uint8_t *data, int at, int end, int wanted) {
    while (at < end) {
        int number = data[at++];
        if (number == 0) continue;
        if (at >= end) break;
        int size = data[at++];
        if (at + size > end) break;
        if (number == wanted) return (slice){data + at, size};
        at += size;
    }
    return (slice){0};
}

slice rtp_extension(const uint8_t *data, const rtp_header *header, int wanted) {
    if (wanted == 0) return (slice){0};
    if (header->extension_profile == ONE_BYTE_PROFILE)
        return one_byte(data, header->extension_start, header->extension_end, wanted);
    if ((header->extension_profile & 0xFFF0) == TWO_BYTE_PROFILE)
        return two_byte(data, header->extension_start, header->extension_end, wanted);
    return (slice){0};
}

static int write_extensions(uint8_t *out, const rtp_extension_value *values, int count) {
    bool wide = false, any = false;
    for (int i = 0; i < count; i++) {
        if (values[i].number == 0) continue;
        any = true;
        wide = wide || values[i].number > 14;
    }
    if (!any) return 0;
    int at = 4;
    for (int i = 0; i < count; i++) {
        if (values[i].number == 0) continue;
        if (wide) {
            out[at++] = (uint8_t)values[i].number;
            out[at++] = (uint8_t)values[i].value.size;
        } else {
            out[at++] = (uint8_t)(values[i].number << 4 | (values[i].value.size - 1));
        }
        memcpy(out + at, values[i].value.data, (size_t)values[i].value.size);
        at += values[i].value.size;
    }
    while (at % 4) out[at++] = 0;
    put16(out, wide ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
    put16(out + 2, (uint16_t)(at / 4 - 1));
    return at;
}

int rtp_write(uint8_t *out, const rtp_header *header, const rtp_extension_value *values, int count) {
    int extensions = write_extensions(out + RTP_HEADER_BYTES, values, count);
    out[0] = extensions ? 0x90 : 0x80;
    out[1] = (uint8_t)(header->marker << 7 | header->payload_type);
    put16(out + 2, header->sequence);
    put32(out + 4, header->timestamp);
    put32(out + 8, header->ssrc);
    return RTP_HEADER_BYTES + extensions;
}
