/* What a sender's own way here carries, seen in its pictures before any queue stands there. Specified in tests/reference/bursts.py,
 * where the reasons stand. */
#include "state.h"

static const double SPAN_S = 0.5, STALE_S = 1.5, GRAIN_S = 0.001;
static const uint64_t LEAST_OCTETS = 2000;

static void begin(bursts *b, double now) {
    b->since = now;
    b->counted = 0;
    b->came_s = b->sent_s = 0;
}

static void end_picture(bursts *b, double now) {
    if (now - b->since > STALE_S) {
        begin(b, now);
        return;
    }
    if (b->octets > 0) {
        double came = b->last_at - b->first_at, sent = came - (b->last_late - b->first_late);
        if (sent < 0) sent = 0;
        b->counted += b->octets;
        b->came_s += (came > sent ? came : sent) + GRAIN_S;
        b->sent_s += sent + GRAIN_S;
    }
    if (now - b->since >= SPAN_S && b->counted >= LEAST_OCTETS) {
        b->came_bps = (uint64_t)((double)(b->counted * 8) / b->came_s);
        b->sent_bps = (uint64_t)((double)(b->counted * 8) / b->sent_s);
        b->at = now;
        begin(b, now);
    }
}

void bursts_arrived(bursts *b, int octets, uint32_t timestamp, double late_s, double now) {
    if (b->known && timestamp == b->timestamp) {
        b->octets += (uint64_t)octets;
        b->last_at = now;
        b->last_late = late_s;
        return;
    }
    end_picture(b, now);
    b->known = true;
    b->timestamp = timestamp;
    b->octets = 0;
    b->first_at = b->last_at = now;
    b->first_late = b->last_late = late_s;
}
