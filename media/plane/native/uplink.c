/* Queues: on a sender's way here, seen in its stamps while it grows; before a receiver, told by a sudden fall of its estimate. Until
 * they are gone little or nothing is sent into them. Specified in tests/reference/uplink.py and streams.py, where the reasons stand. */
#include <math.h>

#include "state.h"

static const double WINDOW_S = 0.15, STALE_S = 1;
static const double QUEUE_S = 0.12, EMPTY_S = 0.06, DEEP_S = 0.25;
static const int CALM_WINDOWS = 4;
static const double SHARE = 0.85, DRAIN = 0.3;
static const double FALL = 0.92, SEVERE = 0.6;
static const uint64_t DRAIN_ABOVE_BPS = 200000;
static const double GROWN_S = 0.7;

static void begin_window(uplink_queue *q, double late_s, double now) {
    q->window_at = now;
    q->least = late_s;
    q->octets = 0;
}

static uint64_t at_least_one(double bps) { return bps < 1 ? 1 : (uint64_t)llrint(bps); }

/* Whether a window ended with this packet, or a queue with the pause before it. */
static bool measure(uplink_queue *q, int octets, double late_s, double now) {
    double span = now - q->window_at;
    if (q->window_at == 0 || span > STALE_S) {
        bool told = q->bps > 0;
        q->late_windows = 0;
        q->bps = 0;
        q->late_s = 0;
        begin_window(q, late_s, now);
        return told;
    }
    q->octets += (uint64_t)octets;
    if (late_s < q->least) q->least = late_s;
    if (span < WINDOW_S) return false;
    q->late_s = q->least;
    bool late = q->least > QUEUE_S;
    q->late_windows = late ? q->late_windows + 1 : 0;
    q->calm_windows = late ? 0 : q->calm_windows + 1;
    if (q->late_windows >= 2) {
        uint64_t carried = at_least_one(SHARE * (double)q->octets * 8 / span);
        q->bps = q->bps > 0 ? (3 * q->bps + carried) / 4 : carried; /* a window holds five packets, or four, or six */
    } else if (q->least < EMPTY_S || q->calm_windows >= CALM_WINDOWS)
        q->bps = 0;
    begin_window(q, late_s, now);
    return true;
}

bool uplink_is_deep(const source *of) { return of->uplink.bps > 0 && of->uplink.late_s > DEEP_S; }

uint64_t uplink_limit(const source *of) {
    return uplink_is_deep(of) ? at_least_one(DRAIN * (double)of->uplink.bps) : of->uplink.bps;
}

void uplink_aged(source *of, double now) {
    if (now - of->uplink.window_at <= STALE_S) return;
    of->uplink.late_windows = 0;
    of->uplink.bps = 0;
    of->uplink.late_s = 0;
}

void uplink_forget(peer *of) {
    of->clock = (send_clock){0};
    for (int i = 0; i < of->sources_count; i++) {
        of->sources[i]->uplink = (uplink_queue){0};
        of->sources[i]->bursts = (bursts){0};
    }
}

void uplink_arrived(plane *p, source *of, int octets, double now) {
    uint64_t before = of->uplink.bps;
    if (!measure(&of->uplink, octets, of->peer->clock.late_s, now)) return;
    if (before == 0 && of->uplink.bps > 0) of->lost_before = reception_lost(&of->reception);
    if (before > 0 || of->uplink.bps > 0) tell_limit(p, of, now);
    if (before > 0 && of->uplink.bps == 0 && reception_lost(&of->reception) > of->lost_before) request_keyframe(p, of, now, NEEDED);
}

/* The receiver's part of its estimate is about to become `part`. */
void start_draining(sink *s, uint64_t part, double now) {
    if (checks_see(s->peer, now)) return; /* they will tell of a queue, and a busy browser's estimate falls without one */
    double rate = (double)s->feed->rate_bps, to = (double)part;
    if (!s->has_estimate || to >= FALL * (double)s->estimate_bps || to >= SEVERE * rate || s->feed->rate_bps < DRAIN_ABOVE_BPS) return;
    drain(s, GROWN_S * (rate - to) / (to < 1 ? 1 : to), now);
}
