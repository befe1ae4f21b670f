/* The last ciphertexts of a video sink, by sequence number. */
#include <stdlib.h>

#include "state.h"

void history_keep(sink *s, uint16_t sequence, const uint8_t *data, int size, double now) {
    if (s->history == NULL && (s->history = calloc(1, sizeof *s->history)) == NULL) return; /* a NACK then goes upstream */
    history *h = s->history;
    if (h->head == 0) h->head = HISTORY_BYTES; /* so that no packet lies at 0, which says "none" */
    uint64_t room = HISTORY_BYTES - h->head % HISTORY_BYTES;
    if (room < (uint64_t)size) h->head += room; /* a packet lies in one piece */
    h->sent[sequence % HISTORY_PACKETS] = (struct sent){h->head, sequence, (uint16_t)size, now};
    memcpy(h->octets + h->head % HISTORY_BYTES, data, (size_t)size);
    h->head += (uint64_t)size;
}

struct sent *history_find(history *h, uint16_t sequence) {
    if (h == NULL) return NULL;
    struct sent *kept = &h->sent[sequence % HISTORY_PACKETS];
    bool there = kept->at != 0 && kept->sequence == sequence && h->head - kept->at <= HISTORY_BYTES;
    return there ? kept : NULL;
}

const uint8_t *history_octets(const history *h, const struct sent *kept) { return h->octets + kept->at % HISTORY_BYTES; }
