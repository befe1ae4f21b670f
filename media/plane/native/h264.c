#include "h264.h"

enum { SEQUENCE_PARAMETERS = 7, STAP_A = 24, FU_A = 28 };

bool h264_starts_key_frame(const uint8_t *payload, int size) {
    if (size < 2) return false;
    int kind = payload[0] & 0x1F;
    if (kind == FU_A) return (payload[1] & 0x80) && (payload[1] & 0x1F) == SEQUENCE_PARAMETERS;
    if (kind != STAP_A) return kind == SEQUENCE_PARAMETERS;
    for (int at = 1; at + 2 < size; at += 2 + get16(payload + at))
        if ((payload[at + 2] & 0x1F) == SEQUENCE_PARAMETERS && get16(payload + at) > 0) return true;
    return false;
}
