/* A bounded queue of datagrams between the loop and Python. A full one takes nothing: who sends again is heard later. */
#include <stdlib.h>

#include "state.h"

bool ring_make(ring *r, int room) {
    *r = (ring){.octets = malloc((size_t)room), .room = room};
    return r->octets != NULL;
}

static void copy_in(ring *r, const void *from, int size) {
    int at = (r->first + r->used) % r->room;
    int straight = size < r->room - at ? size : r->room - at;
    memcpy(r->octets + at, from, (size_t)straight);
    memcpy(r->octets, (const uint8_t *)from + straight, (size_t)(size - straight));
    r->used += size;
}

static void copy_out(ring *r, void *to, int size) {
    int straight = size < r->room - r->first ? size : r->room - r->first;
    memcpy(to, r->octets + r->first, (size_t)straight);
    memcpy((uint8_t *)to + straight, r->octets, (size_t)(size - straight));
    r->first = (r->first + size) % r->room;
    r->used -= size;
}

bool ring_put(ring *r, const void *head, int head_size, const uint8_t *data, int size) {
    uint16_t length = (uint16_t)size;
    if (r->room - r->used < (int)sizeof length + head_size + size) return false;
    copy_in(r, &length, sizeof length);
    copy_in(r, head, head_size);
    copy_in(r, data, size);
    return true;
}

int ring_take(ring *r, void *head, int head_size, uint8_t *data) {
    if (r->used == 0) return 0;
    uint16_t length;
    copy_out(r, &length, sizeof length);
    copy_out(r, head, head_size);
    copy_out(r, data, length);
    return length;
}
