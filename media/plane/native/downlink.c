/* A queue before a receiver, seen in what its reports do not have yet, and what the link carries meanwhile. Specified in
 * tests/reference/downlink.py, where the reasons stand. */
#include "state.h"

static const double WINDOW_S = 0.25, LIFE_S = 3, LOSSES_S = 1;
static const double QUEUE_S = 0.35, EMPTY_S = 0.15, DEEP_S = 0.7, DRAIN_S = 1;
static const double UNKNOWN_TRIP_S = 0.6, STAMP_LIFE_S = 1;
static const double SHARE = 0.85, SHARE_DEEP = 0.3;
static const uint64_t HEAD_BYTES = 40, SILENT_PART = 2, DRAIN_ABOVE_BPS = 200000;
static const double SHORT_QUEUE_S = 0.2, LOSSES = 0.15, TROUBLE = 0.02;
static const double SILENCE_S = 2.5;
static const double DRAIN_PAUSE_S = 5, LONGEST_DRAIN_S = 1.5;
static const double ROOM = 0.3, LONGEST_ROOM_S = 0.15;

uint64_t downlink_bps(const sink *s, double now) { return now - s->downlink.at <= LIFE_S ? s->downlink.bps : 0; }

uint64_t downlink_limit(const sink *s, double now) {
    uint64_t bps = downlink_bps(s, now);
    if (bps == 0) return 0;
    bool deep = s->downlink.late_s > DEEP_S;
    if (deep && s->downlink.firm_bps > bps) bps = s->downlink.firm_bps; /* the smaller one is a part already */
    bps = (uint64_t)((deep ? SHARE_DEEP : SHARE) * (double)bps);
    return bps > 0 ? bps : 1;
}

static bool waits_or_loses(const sink *s, double losses, double now) {
    const downlink_queue *q = &s->downlink;
    bool waits = now - q->at <= LIFE_S && (q->bps > 0 || q->late_s > SHORT_QUEUE_S);
    return waits || (now - s->reported_at <= LIFE_S && s->lost.share > losses);
}

bool downlink_is_full(const sink *s, double now) { return waits_or_loses(s, LOSSES, now); }

bool downlink_is_troubled(const sink *s, double now) { return waits_or_loses(s, TROUBLE, now); }

bool drain(sink *s, double lasts, double now) {
    if (!s->open || now - s->drain_until < DRAIN_PAUSE_S) return false;
    s->drain_until = now + (lasts < LONGEST_DRAIN_S ? lasts : LONGEST_DRAIN_S);
    sink_shut(s);
    double room = ROOM * lasts < LONGEST_ROOM_S ? ROOM * lasts : LONGEST_ROOM_S;
    s->tell_at = is_layered(s->feed) ? now + room : 0;
    if (s->tell_at > 0 && (s->peer->tell_at == 0 || s->tell_at < s->peer->tell_at)) s->peer->tell_at = s->tell_at;
    return true;
}

void tell_floods(plane *p, peer *of, double now) {
    if (of->tell_at == 0 || now < of->tell_at) return;
    bool any = false;
    of->tell_at = 0;
    for (int i = 0; i < of->sinks_count; i++) {
        sink *s = of->sinks[i];
        if (s->tell_at > 0 && now >= s->tell_at) {
            s->tell_at = 0;
            any = true;
        } else if (s->tell_at > 0 && (of->tell_at == 0 || s->tell_at < of->tell_at))
            of->tell_at = s->tell_at;
    }
    if (any) hand_up(p, &(plane_up){.kind = 4, .peer = of->number}, (const uint8_t *)"", 1, false);
}

void losses_reported(losses *l, const report_block *block, double now) {
    if (l->reported && now - l->at < LOSSES_S) return;
    uint32_t expected = block->highest - l->highest;
    int64_t lost = (int64_t)block->lost - l->lost;
    double share = expected > 0 && expected < 1u << 31 && lost > 0 ? (double)lost / expected : 0;
    *l = (losses){true, block->highest, block->lost, now, !l->reported ? 0 : share < 1 ? share : 1};
}

static void judge(downlink_queue *q, const report_block *block, double now) {
    q->late_reports = q->late_s > QUEUE_S ? q->late_reports + 1 : 0;
    if (q->late_reports >= 2) {
        int64_t came = (int64_t)(int32_t)(block->highest - q->highest) - ((int64_t)block->lost - q->lost);
        double carried = came > 0 ? (double)((uint64_t)came * q->size * 8) / (now - q->at) : 0;
        uint64_t bps = carried > 1 ? (uint64_t)carried : 1;
        q->bps = q->bps > 0 ? (q->bps + bps) / 2 : bps;
    } else if (q->late_s < EMPTY_S)
        q->bps = 0;
}

static void compare(sink *s, const report_block *block, double now) {
    downlink_queue *q = &s->downlink;
    q->firm_bps = 0;
    if (s->packets > q->packets) q->size = (s->octets - q->octets) / (s->packets - q->packets) + HEAD_BYTES;
    if (now - q->at > LIFE_S) {
        q->bps = 0;
        q->late_reports = 0;
    } else if (q->reported && now - q->at < WINDOW_S)
        return;
    else if (q->reported)
        judge(q, block, now);
    else if (q->late_s < EMPTY_S)
        q->bps = 0; /* the silence is over, and nothing stood behind it */
    q->reported = true;
    q->highest = block->highest;
    q->lost = block->lost;
    q->packets = s->packets;
    q->octets = s->octets;
    q->at = now;
}

static void drain_queue(sink *s, double now) {
    if (downlink_bps(s, now) > 0 && s->downlink.late_s > DRAIN_S) drain(s, s->downlink.late_s, now);
}

bool downlink_reported(sink *s, const report_block *block, double now) {
    if (s->history == NULL || s->feed == NULL || now < s->drain_until) return false;
    if (checks_see(s->peer, now)) return false;
    uint64_t before = downlink_bps(s, now);
    const send_clock *clock = &s->peer->clock; /* a report may have stood in a queue itself, with what its sender sends */
    double trip = s->peer->trip > 0 ? s->peer->trip : UNKNOWN_TRIP_S, own = now - clock->at <= STAMP_LIFE_S ? clock->late_s : 0;
    double late = history_under_way(s->history, (uint16_t)block->highest) - trip - own;
    s->downlink.late_s = late > 0 ? late : 0;
    compare(s, block, now);
    drain_queue(s, now);
    return before > 0 || downlink_bps(s, now) > 0;
}

bool downlink_silent(sink *s, double now) {
    downlink_queue *q = &s->downlink;
    if (s->history == NULL || s->feed == NULL || s->feed->rate_bps < DRAIN_ABOVE_BPS || !s->open) return false;
    if (checks_see(s->peer, now)) return false;
    if (s->reported_at == 0 || now - (s->reported_at > s->drain_until ? s->reported_at : s->drain_until) <= SILENCE_S) return false;
    q->late_s = now - s->reported_at;
    q->at = now;
    q->reported = false;
    q->firm_bps = 0;
    q->bps = s->feed->rate_bps / SILENT_PART;
    if (q->bps == 0) q->bps = 1;
    drain_queue(s, now);
    return true;
}
