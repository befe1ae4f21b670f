#include "vp8.h"

bool vp8_parse(const uint8_t *payload, int size, vp8_descriptor *d) {
    *d = (vp8_descriptor){.picture_id_at = -1, .tl0_at = -1};
    if (size < 2) return false;
    int at = 1;
    if (payload[0] & 0x80) {
        int flags = payload[1];
        at = 2;
        if (flags & 0x80) {
            if (at + 1 >= size) return false;
            d->picture_id_at = at;
            d->picture_id_wide = payload[at] & 0x80;
            d->picture_id = d->picture_id_wide ? (payload[at] & 0x7F) << 8 | payload[at + 1] : payload[at];
            at += d->picture_id_wide ? 2 : 1;
        }
        if (flags & 0x40) {
            if (at >= size) return false;
            d->tl0_at = at;
            d->tl0 = payload[at];
            at++;
        }
        if (flags & 0x30) at++;
    }
    if (at >= size) return false;
    /* S set and partition 0: the VP8 frame header follows, whose lowest bit is 0 in a key frame (RFC 7741, 4.3). */
    d->key_start = (payload[0] & 0x17) == 0x10 && !(payload[at] & 1);
    return true;
}

static bool is_newer(int number, bool has, int than, int bits) {
    int distance = (number - than) & ((1 << bits) - 1);
    return !has || (0 < distance && distance < 1 << (bits - 1));
}

void vp8_rewrite(vp8_numbers *n, uint8_t *payload, const vp8_descriptor *d) {
    if (n->switching) {
        n->switching = false;
        if (n->has_picture) n->picture_shift = n->last_picture + 1 - d->picture_id;
        if (n->has_tl0) n->tl0_shift = n->last_tl0 + 1 - d->tl0;
    }
    int picture = (d->picture_id + n->picture_shift) & 0x7FFF;
    if (d->picture_id_at >= 0 && is_newer(picture, n->has_picture, n->last_picture, 15)) {
        n->last_picture = picture;
        n->has_picture = true;
    }
    int tl0 = (d->tl0 + n->tl0_shift) & 0xFF;
    if (d->tl0_at >= 0 && is_newer(tl0, n->has_tl0, n->last_tl0, 8)) {
        n->last_tl0 = tl0;
        n->has_tl0 = true;
    }
    if (!n->picture_shift && !n->tl0_shift) return;
    if (d->picture_id_at >= 0 && d->picture_id_wide)
        put16(payload + d->picture_id_at, (uint16_t)(0x8000 | picture));
    else if (d->picture_id_at >= 0)
        payload[d->picture_id_at] = (uint8_t)(picture & 0x7F);
    if (d->tl0_at >= 0) payload[d->tl0_at] = (uint8_t)tl0;
}
