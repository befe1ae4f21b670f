/* How much a source may send: its receivers' estimates (REMB), the least of them, and freedom for a sender that keeps to a cap it was
 * told otherwise. Specified in tests/reference/bandwidth.py, where the reasons stand. */
#include "state.h"

static const double ESTIMATE_LIFE_S = 10; /* browsers report about 4.5 times a second */
static const double LIMIT_EVERY_S = 0.2;
static const double START_S = 2; /* a receiver's first estimates say only that it has seen little yet */
static const uint64_t START_BPS = 1500000;
static const uint64_t FREE_BPS = 1500000;
static const double OBEYED = 1.3, FALL = 0.92, OVER = 0.95, SEVERE = 0.6;
static const uint64_t BELIEVED_BPS = 150000; /* less only where the relay itself sees a queue or losses */
static const double STALE_S = 3, PATIENCE_S = 1.5;

static const uint64_t LAYERED_BPS = 2500000; /* more than all layers take */

static bool is_fresh(const sink *s, double now) { return s->has_estimate && now - s->estimate_at <= ESTIMATE_LIFE_S; }

/* What a receiver said lately of the source that feeds it; 0: nothing. `believed`: what a beginner is believed to take. */
static uint64_t estimate_of(const sink *s, const source *feed, bool believed, double now) {
    if (s->feed != feed || !is_fresh(s, now)) return 0;
    uint64_t bps = s->estimate_bps > 0 ? s->estimate_bps : 1;
    return believed && now - s->estimate_first_at < START_S && bps < START_BPS ? START_BPS : bps;
}

/* The least of what the source's receivers can take; 0 while none has said. */
static uint64_t least_estimate(const source *of, bool believed, double now) {
    uint64_t least = 0;
    for (int i = 0; i < of->sinks_count; i++) {
        uint64_t bps = estimate_of(of->sinks[i], of, believed, now);
        if (bps > 0 && (least == 0 || bps < least)) least = bps;
    }
    return least;
}

/* Whether a source is one of several layers. One that flows alone, though others are known and no cap keeps them back, has too small a
 * limit for the next: by its receivers' estimates, half again what comes, that would never begin. */
bool is_layered(const source *one) {
    int known = 0, flowing = 0;
    for (int i = 0; i < one->peer->sources_count; i++) {
        known += one->peer->sources[i]->video;
        flowing += one->peer->sources[i]->video && one->peer->sources[i]->rate_bps > 0;
    }
    return flowing > 1 || (flowing == 1 && known > 1 && one->cap_bps == 0);
}

/* The limit of a peer that sends its picture in several layers: who receives less gets a smaller one, so the best receiver counts. One
 * before whom nothing waits or is lost is free to take them all, whatever it says: an estimate never exceeds half again what comes, and
 * may not come at all; no larger layer would ever begin. Else what the best says, and what the layers take that it does not get. 0: it
 * feeds nobody, or nobody who is not free has said anything. */
static uint64_t layered_limit(const peer *of, double now) {
    uint64_t total = 0, best = 0;
    for (int i = 0; i < of->sources_count; i++) total += of->sources[i]->video ? of->sources[i]->rate_bps : 0;
    for (int i = 0; i < of->sources_count; i++) {
        const source *from = of->sources[i];
        for (int k = 0; from->video && from->rate_bps > 0 && k < from->sinks_count; k++) {
            if (from->sinks[k]->feed == from && !downlink_is_full(from->sinks[k], now)) return LAYERED_BPS;
            uint64_t bps = estimate_of(from->sinks[k], from, true, now), all = bps + total - from->rate_bps;
            if (bps > 0 && all > best) best = all;
        }
    }
    return best < LAYERED_BPS ? best : LAYERED_BPS;
}

static void notice_congestion(source *of, double now) {
    uint64_t least = least_estimate(of, false, now), former = of->least_bps;
    uint64_t sent = of->cap_bps > 0 && of->cap_bps < of->rate_bps ? of->cap_bps : of->rate_bps;
    if (now - of->least_at > STALE_S) { /* of a picture that has not been sent meanwhile */
        former = 0;
        of->congested_at = 0;
    }
    of->least_bps = least;
    of->least_at = now;
    if ((double)least >= OVER * (double)sent)
        of->congested_at = 0;
    else if (of->congested_at == 0 && former > 0 && (double)least < FALL * (double)former) {
        of->congested_at = now;
        of->congested_free = of->cap_bps == 0;
    }
}

/* What to tell the sender of a single picture; 0: nothing now. */
static uint64_t single_limit(const source *of, double now) {
    if (of->cap_bps == 0 || (double)of->rate_bps > OBEYED * (double)of->cap_bps) return least_estimate(of, true, now);
    uint64_t least = least_estimate(of, false, now);
    if (of->congested_at == 0) return least > FREE_BPS ? least : FREE_BPS;
    if (least == 0) least = FREE_BPS;
    return (double)least < SEVERE * (double)of->cap_bps || now - of->congested_at > PATIENCE_S ? least : 0;
}

/* What queues on the ways to and from here leave it; 0: there are none. */
static uint64_t narrowest(const source *of, double now) {
    uint64_t least = uplink_limit(of);
    for (int i = 0; i < of->sinks_count; i++) {
        uint64_t limit = of->sinks[i]->feed == of ? downlink_limit(of->sinks[i], now) : 0;
        if (limit > 0 && (least == 0 || limit < least)) least = limit;
    }
    return least;
}

void tell_limit(plane *p, source *to, double now) {
    bool layered = is_layered(to);
    told_limit *told = layered ? &to->peer->limit : &to->limit;
    uint64_t limit = layered ? layered_limit(to->peer, now) : single_limit(to, now), own = narrowest(to, now);
    if (!layered && own > 0 && (limit == 0 || limit > own)) limit = own;
    if (limit == 0 || (limit >= told->bps && now - told->at < LIMIT_EVERY_S)) return;
    *told = (told_limit){limit, now};
    compound c = {.size = 0};
    compound_receiver_report(&c, to->peer->own_ssrc, NULL, 0);
    compound_remb(&c, to->peer->own_ssrc, limit, to->ssrc);
    send_compound(p, to->peer, &c);
}

/* Of an estimate of a line on which nothing is seen: where checks look for a queue there is none, whatever a busy browser says. */
static uint64_t believed(const sink *s, uint64_t part, double now) {
    uint64_t least = s->feed->cap_bps > 0 && checks_see(s->peer, now) ? FREE_BPS : BELIEVED_BPS;
    return part > least ? part : least;
}

/* The estimate is for all that the peer receives. Sound comes first; of the rest each of its videos gets at least an equal part, and all that the others leave:
 * an equal part alone would drag everybody to the slowest sender's pace, since an estimate never exceeds half again what comes. */
void take_remb(plane *p, peer *from, const rtcp_packet *packet, double now) {
    uint64_t bps, taken = 0, sounds = 0;
    const uint8_t *ssrcs;
    int count, videos = 0;
    bool named = false;
    if (!rtcp_remb(packet, &bps, &ssrcs, &count)) return;
    for (int i = 0; i < count && !named; i++) named = find_sink(from, get32(ssrcs + 4 * i)) != NULL;
    if (!named) return;
    for (int i = 0; i < from->sinks_count; i++) {
        const sink *s = from->sinks[i];
        if (s->feed == NULL) continue;
        *(s->video ? &taken : &sounds) += s->feed->rate_bps;
        videos += s->video;
    }
    uint64_t whole = bps;
    bps = bps > sounds ? bps - sounds : 1;
    for (int i = 0; i < from->sinks_count; i++) {
        sink *s = from->sinks[i];
        if (!s->video || s->feed == NULL) continue;
        uint64_t others = taken - s->feed->rate_bps, equal = bps / (uint64_t)videos;
        uint64_t rest = bps > others ? bps - others : 0;
        if (!is_fresh(s, now)) s->estimate_first_at = now;
        uint64_t part = rest > equal ? rest : equal;
        start_draining(s, part, now);
        s->has_estimate = true;
        s->estimate_bps = downlink_is_full(s, now) ? part : believed(s, part, now);
        s->receiver_bps = whole;
        s->estimate_at = now;
        notice_congestion(s->feed, now);
        tell_limit(p, s->feed, now);
    }
}

void plane_source_cap_set(plane *p, uint32_t number, uint32_t ssrc, uint64_t bps) {
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    source *s = of != NULL ? find_source(of, ssrc) : NULL;
    if (s != NULL && s->cap_bps == 0 && s->congested_free) s->congested_at = 0;
    if (s != NULL) s->cap_bps = bps;
    pthread_mutex_unlock(&p->lock);
}
