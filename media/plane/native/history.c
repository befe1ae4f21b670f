/* The last packets of a video sink, by sequence number, and their way out again. */
#include <stdlib.h>

#include "state.h"

static const double RESEND_AFTER_S = 0.02;    /* at the least; else once per round trip */
static const double LONGEST_ROUND_TRIP_S = 1; /* longer ones are queues, not paths */
static const double RESEND_SHARE = 0.25;      /* of the receiver's estimate: storms of resent packets caused most freezes */
static const double RESEND_BURST_S = 0.5;
static const double AUDIO_BPS = 40000;        /* of each sound, taken off first: Opus with its headers */
static const uint64_t FIRST_REPEATS = 8, REPEAT_PART = 5; /* a fifth of what was sent again may be sent a second time */
static const uint64_t UNKNOWN_BPS = 1500000;

void history_keep(sink *s, uint16_t sequence, const uint8_t *data, int size, int payload_at, double now) {
    if (s->history == NULL && (s->history = calloc(1, sizeof *s->history)) == NULL) return; /* a NACK then goes upstream */
    history *h = s->history;
    struct sent *place = &h->sent[sequence % HISTORY_PACKETS];
    if (place->at != 0 && (int16_t)(uint16_t)(place->sequence - sequence) > 0) return; /* a late one takes no newer one's place */
    if (h->head == 0) h->head = HISTORY_BYTES; /* so that no packet lies at 0, which says "none" */
    uint64_t room = HISTORY_BYTES - h->head % HISTORY_BYTES;
    if (room < (uint64_t)size) h->head += room; /* a packet lies in one piece */
    *place = (struct sent){h->head, sequence, (uint16_t)size, (uint8_t)payload_at, false, now};
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

/* What the receiver's sounds need. */
static double audio_bps(const peer *of) {
    double all = 0;
    for (int i = 0; i < of->sinks_count; i++)
        if (!of->sinks[i]->video && of->sinks[i]->feed != NULL) all += AUDIO_BPS;
    return all;
}

/* A quarter of what the receiver can take besides sound may go into packets sent again, saved up for half a second. */
static bool may_resend(sink *s, int size, double now) {
    double left = (double)(s->has_estimate ? s->estimate_bps : UNKNOWN_BPS) - audio_bps(s->peer);
    double rate = (left > 0 ? left : 0) / 8 * RESEND_SHARE;
    double most = rate * RESEND_BURST_S < 4 * MAX_DATAGRAM_BYTES ? 4 * MAX_DATAGRAM_BYTES : rate * RESEND_BURST_S;
    s->resend_octets = s->resend_at == 0 ? most : s->resend_octets + rate * (now - s->resend_at);
    if (s->resend_octets > most) s->resend_octets = most;
    s->resend_at = now;
    if (s->resend_octets < size) return false;
    s->resend_octets -= size;
    return true;
}

/* The packet as one of the stream of retransmissions: its own numbers, the first number before the payload (RFC 4588, 4). */
static int wrap(sink *s, const uint8_t *plain, const struct sent *kept, uint8_t *out) {
    int head = kept->payload_at;
    memcpy(out, plain, (size_t)head);
    out[1] = (uint8_t)((out[1] & 0x80) | s->repair.payload_type);
    put16(out + 2, s->repair_sequence++);
    put32(out + 8, s->repair.ssrc);
    put16(out + head, kept->sequence);
    memcpy(out + head + 2, plain + head, (size_t)(kept->size - head));
    return kept->size + 2;
}

void resend(plane *p, sink *s, struct sent *kept, double now) {
    double trip = s->round_trip > LONGEST_ROUND_TRIP_S ? LONGEST_ROUND_TRIP_S : s->round_trip;
    if (now - kept->sent_at < (trip > RESEND_AFTER_S ? trip : RESEND_AFTER_S)) return;
    /* Who loses the repetition too, and its repetition, is on a link that more packets do not mend. */
    if (kept->again && s->repeated >= FIRST_REPEATS + (s->retransmitted - s->repeated) / REPEAT_PART) return;
    if (!s->peer->has_address || !may_resend(s, kept->size, now)) return;
    kept->sent_at = now;
    outgoing *out = out_next(p);
    int size = kept->payload_at ? wrap(s, history_octets(s->history, kept), kept, out->data) : kept->size;
    if (kept->payload_at == 0)
        memcpy(out->data, history_octets(s->history, kept), kept->size);
    else if (p->protect(s->peer->send, out->data, &size) != 0)
        return;
    if (kept->again) s->repeated++;
    kept->again = true;
    s->retransmitted++;
    out_commit(p, s->peer, size);
}
