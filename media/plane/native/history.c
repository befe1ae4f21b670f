/* The last packets of a video sink, by sequence number, and their way out again. */
#include <sys/mman.h>

#include "state.h"

static const double RESEND_AFTER_S = 0.02;    /* at the least; else once per round trip */
static const double STALE_S = 1; /* over the path's own trip: its picture's time is over */
static const double LONGEST_ROUND_TRIP_S = 1; /* longer ones are queues, not paths */
static const double RESEND_SHARE = 0.25;      /* of the receiver's estimate: storms of resent packets caused most freezes */
static const double RESEND_LEAST_BYTES = 4 * MAX_DATAGRAM_BYTES;
static const uint64_t FIRST_REPEATS = 8, REPEAT_PART = 5; /* a fifth of what was sent again may be sent a second time */
static const uint64_t UNKNOWN_BPS = 1500000;
static const double PAUSE_S = 0.25; /* in a pause a queue empties: it counts for no more */

/* Pages of its own: in the heap a hundred kilobytes of each call that ends stay between what lives on, and a worker grows for hours. */
static history *history_new(void) {
    void *pages = mmap(NULL, sizeof(history), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages != MAP_FAILED ? pages : NULL;
}

void history_free(history *gone) {
    if (gone != NULL) munmap(gone, sizeof *gone);
}

void history_keep(sink *s, uint16_t sequence, const uint8_t *data, int size, int payload_at, double now) {
    if (s->history == NULL && (s->history = history_new()) == NULL) return; /* a NACK then goes upstream */
    history *h = s->history;
    struct sent *place = &h->sent[sequence % HISTORY_PACKETS];
    if (place->at != 0 && (int16_t)(uint16_t)(place->sequence - sequence) > 0) return; /* a late one takes no newer one's place */
    if (h->head == 0 || (int16_t)(uint16_t)(sequence - h->newest) > 0) {
        h->newest = sequence;
        if (sequence % MARK_EVERY == 0) {
            h->marks[sequence / MARK_EVERY % MARKS].sequence = sequence;
            h->marks[sequence / MARK_EVERY % MARKS].at = now;
        }
    }
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

static const struct sent *sent_of(const history *h, uint16_t sequence) {
    const struct sent *kept = &h->sent[sequence % HISTORY_PACKETS];
    return kept->at != 0 && kept->sequence == sequence ? kept : NULL;
}

/* When the first of the marks after `highest` was sent; 0: not known. */
static double marked(const history *h, uint16_t highest, int ahead) {
    int steps = ahead / MARK_EVERY;
    for (int step = steps >= MARKS ? steps - MARKS + 1 : 0; step <= steps; step++) {
        uint16_t sequence = (uint16_t)((highest / MARK_EVERY + 1 + step) * MARK_EVERY);
        int place = sequence / MARK_EVERY % MARKS;
        if (h->marks[place].sequence == sequence && h->marks[place].at > 0) return h->marks[place].at;
    }
    return 0;
}

double history_under_way(const history *h, uint16_t highest) {
    uint16_t ahead = (uint16_t)(h->newest - highest);
    const struct sent *last = sent_of(h, h->newest), *before = NULL;
    if (ahead >= 1 << 15 || last == NULL) return 0;
    if (ahead >= HISTORY_PACKETS) {
        double since = marked(h, highest, ahead);
        return since > 0 && last->sent_at > since ? last->sent_at - since : 0;
    }
    double waiting = 0;
    for (int back = ahead - 1; back >= 0; back--) {
        const struct sent *kept = sent_of(h, (uint16_t)(h->newest - back));
        if (kept == NULL) continue;
        double pause = before != NULL ? kept->sent_at - before->sent_at : 0;
        waiting += pause < 0 ? 0 : pause < PAUSE_S ? pause : PAUSE_S;
        before = kept;
    }
    return waiting;
}

const uint8_t *history_octets(const history *h, const struct sent *kept) { return h->octets + kept->at % HISTORY_BYTES; }

/* A quarter of what the receiver can take may go into packets sent again. */
static bool may_resend(sink *s, int size, double now) {
    uint64_t left = s->has_estimate ? s->estimate_bps : UNKNOWN_BPS, carried = downlink_bps(s, now);
    double rate = (double)(carried > 0 && carried < left ? carried : left) / 8 * RESEND_SHARE;
    return bucket_take(&s->resends, rate, RESEND_LEAST_BYTES, size, now);
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

bool history_is_stale(const sink *s, uint16_t sequence, double now) {
    const struct sent *known = s->history != NULL ? sent_of(s->history, sequence) : NULL; /* its octets may be gone */
    return known != NULL && now - known->sent_at > STALE_S + s->peer->trip;
}

bool resend(plane *p, sink *s, struct sent *kept, double now) {
    double trip = s->round_trip > LONGEST_ROUND_TRIP_S ? LONGEST_ROUND_TRIP_S : s->round_trip;
    if (now - kept->sent_at < (trip > RESEND_AFTER_S ? trip : RESEND_AFTER_S)) return true;
    /* Who loses the repetition too, and its repetition, is on a link that more packets do not mend. */
    if (kept->again && s->repeated >= FIRST_REPEATS + (s->retransmitted - s->repeated) / REPEAT_PART) return false;
    if (!s->peer->has_address || !may_resend(s, kept->size, now)) return true;
    kept->sent_at = now;
    outgoing *out = out_next(p);
    int size = kept->payload_at ? wrap(s, history_octets(s->history, kept), kept, out->data) : kept->size;
    if (kept->payload_at == 0)
        memcpy(out->data, history_octets(s->history, kept), kept->size);
    else if (p->protect(s->peer->send, out->data, &size) != 0)
        return true;
    if (kept->again) s->repeated++;
    kept->again = true;
    s->retransmitted++;
    out_commit(p, s->peer, size);
    return true;
}
