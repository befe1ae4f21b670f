/* The VP8 payload descriptor (RFC 7741, 4.2): where a key frame begins, and continuous picture numbers across a switch. */
#ifndef CONSILIUM_VP8_H
#define CONSILIUM_VP8_H

#include "wire.h"

/* Offsets are into the payload, -1 where the field is absent. `key_start`: first packet of a key frame. */
typedef struct {
    bool key_start;
    bool picture_id_wide;
    int picture_id_at, tl0_at;
    int picture_id, tl0;
} vp8_descriptor;

/* False when the descriptor does not fit the payload. */
bool vp8_parse(const uint8_t *payload, int size, vp8_descriptor *descriptor);

/* PictureID and TL0PICIDX of one sink, so that a receiver sees one encoder where there were several. */
typedef struct {
    bool switching;
    bool has_picture, has_tl0;
    int last_picture, last_tl0;
    int picture_shift, tl0_shift;
} vp8_numbers;

/* Rewrites the numbers of a payload in place. */
void vp8_rewrite(vp8_numbers *numbers, uint8_t *payload, const vp8_descriptor *descriptor);

#endif
