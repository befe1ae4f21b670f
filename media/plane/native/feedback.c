/* RTCP: what a peer reports, asked in terms of its own streams, becomes words for the others; NACKs are answered here. */
#include <math.h>

#include "state.h"

static const double KEYFRAME_EVERY_S = 0.2;   /* however many ask: a key frame costs about ten ordinary ones */
static const double WAITING_EVERY_S = 0.5;    /* while a closed gate waits: a key frame takes that long over a slow uplink */
static const double RENACK_AFTER_S = 0.05;    /* upstream, whichever sinks miss it: at the least; else once per round trip */
static const double LONGEST_TRIP_S = 1;
static const double ESTIMATE_LIFE_S = 10;     /* browsers report about 4.5 times a second */
static const double LIMIT_EVERY_S = 0.2;
static const double START_S = 2;              /* a receiver's first estimates say only that it has seen little yet */
static const uint64_t START_BPS = 1500000;
static const double LAYERED_GROWTH = 0.08;    /* a second, as browsers raise their own estimates */
static const double LAYERED_MOST_BPS = 2.5e6;

static void send_compound(plane *p, peer *to, compound *c) {
    if (to->send == NULL || !to->has_address || c->size == 0) return;
    outgoing *out = out_next(p);
    int size = c->size;
    memcpy(out->data, c->data, (size_t)size);
    if (p->protect_rtcp(to->send, out->data, &size) != 0) return;
    out_commit(p, to, size);
}

void request_keyframe(plane *p, source *of, double now, bool waiting) {
    if (!of->video || of->peer->send == NULL) return;
    if (now - of->keyframe_asked_at < (waiting ? WAITING_EVERY_S : KEYFRAME_EVERY_S)) return;
    of->keyframe_asked_at = now;
    compound c = {.size = 0};
    compound_receiver_report(&c, of->peer->own_ssrc, NULL, 0);
    compound_pli(&c, of->peer->own_ssrc, of->ssrc);
    send_compound(p, of->peer, &c);
}

/* --- reports --- */

static report_block block_of(source *s, double now) {
    reception_report figures = reception_take_report(&s->reception);
    double since = s->last_report_at > 0 ? now - s->last_report_at : 0;
    return (report_block){
        .ssrc = s->ssrc,
        .fraction_lost = figures.fraction_lost,
        .lost = figures.lost,
        .highest = figures.highest,
        .jitter = figures.jitter,
        .last_report = s->last_report,
        .delay = (uint32_t)llrint(since * 65536),
    };
}

/* Tells a peer how its own streams arrive (RFC 3550, 6.4.2). */
void report_to(plane *p, peer *to, double now) {
    report_block blocks[MAX_STREAMS];
    int count = 0;
    for (int i = 0; i < to->sources_count; i++) {
        source *s = to->sources[i];
        double since = now - s->measured_at;
        s->rate_bps = (uint64_t)llrint((double)(s->reception.octets - s->measured_octets) * 8 / (since < 0.1 ? 0.1 : since));
        s->measured_octets = s->reception.octets;
        s->measured_at = now;
        if (s->reception.packets > 0) blocks[count++] = block_of(s, now);
    }
    if (count == 0) return;
    compound c = {.size = 0};
    compound_receiver_report(&c, to->own_ssrc, blocks, count);
    compound_cname(&c, to->own_ssrc, "relay");
    send_compound(p, to, &c);
}

static void sender_report(plane *p, peer *from, const rtcp_packet *packet, double now) {
    source *s = packet->size >= 24 ? find_source(from, get32(packet->body)) : NULL;
    if (s == NULL) return;
    uint64_t ntp = get64(packet->body + 4);
    s->last_report = (uint32_t)(ntp >> 16);
    s->last_report_at = now;
    for (int i = 0; i < s->sinks_count; i++) {
        sink *to = s->sinks[i];
        if (to->feed != s || !to->open || to->numbers.stretches == 0) continue;
        compound c = {.size = 0};
        uint32_t timestamp = get32(packet->body + 12) + to->numbers.timestamp_shift;
        compound_sender_report(&c, to->ssrc, ntp, timestamp, (uint32_t)to->packets, (uint32_t)to->octets);
        compound_cname(&c, to->ssrc, to->cname);
        send_compound(p, to->peer, &c);
        to->reports[to->reports_next].last_report = s->last_report;
        to->reports[to->reports_next].at = now;
        to->reports_next = (to->reports_next + 1) % REPORTS_KEPT;
    }
}

static void receiver_report(peer *from, const uint8_t *blocks, int size, int count, double now) {
    for (int i = 0; i < count && 24 * (i + 1) <= size; i++) {
        report_block block = rtcp_block(blocks + 24 * i);
        sink *s = find_sink(from, block.ssrc);
        if (s == NULL) continue;
        s->fraction_lost = block.fraction_lost;
        for (int k = 0; k < REPORTS_KEPT && block.last_report != 0; k++) {
            if (s->reports[k].last_report != block.last_report || s->reports[k].at <= 0) continue;
            double trip = now - s->reports[k].at - block.delay / 65536.0;
            if (trip >= 0 && trip < 60) s->round_trip = trip;
        }
    }
}

/* --- retransmission --- */

/* How long an answer of this peer takes, as its reports on what it is sent tell. */
static double trip_to(const peer *of) {
    double trip = RENACK_AFTER_S;
    for (int i = 0; i < of->sinks_count; i++)
        if (of->sinks[i]->round_trip > trip) trip = of->sinks[i]->round_trip;
    return trip < LONGEST_TRIP_S ? trip : LONGEST_TRIP_S;
}

/* Whether the sender has not been asked for it within a round trip; notes that it is now. */
static bool ask_once(source *s, uint16_t sequence, double now) {
    double trip = trip_to(s->peer);
    for (int i = 0; i < ASKED; i++)
        if (s->asked[i].sequence == sequence && s->asked[i].at > 0 && now - s->asked[i].at < trip) return false;
    s->asked[s->asked_next].sequence = sequence;
    s->asked[s->asked_next].at = now;
    s->asked_next = (s->asked_next + 1) % ASKED;
    return true;
}

static void nack(plane *p, peer *from, const rtcp_packet *packet, double now) {
    sink *s = packet->size >= 8 ? find_sink(from, get32(packet->body + 4)) : NULL;
    if (s == NULL || !s->video) return;
    uint16_t missing[HISTORY_PACKETS];
    int named = 0, missing_count = 0;
    for (int at = 8; at + 4 <= packet->size; at += 4) {
        uint32_t mask = 1 | (uint32_t)get16(packet->body + at + 2) << 1;
        for (int bit = 0; bit < 17; bit++) {
            if (!(mask >> bit & 1) || named++ >= HISTORY_PACKETS) continue;
            uint16_t sequence = (uint16_t)(get16(packet->body + at) + bit), lost;
            struct sent *kept = history_find(s->history, sequence);
            if (kept != NULL)
                resend(p, s, kept, now);
            else if (s->feed != NULL && numbers_source_sequence(&s->numbers, sequence, &lost) && ask_once(s->feed, lost, now)) {
                arrivals_forget(&s->feed->arrived, lost);
                missing[missing_count++] = lost;
            }
        }
    }
    if (missing_count == 0) return;
    compound c = {.size = 0};
    compound_receiver_report(&c, s->feed->peer->own_ssrc, NULL, 0);
    compound_nack(&c, s->feed->peer->own_ssrc, s->feed->ssrc, missing, missing_count);
    send_compound(p, s->feed->peer, &c);
}

/* --- bandwidth --- */

/* What a receiver said lately of the source that feeds it; 0: nothing. */
static uint64_t estimate_of(const sink *s, const source *feed, double now) {
    if (s->feed != feed || !s->has_estimate || now - s->estimate_at > ESTIMATE_LIFE_S) return 0;
    uint64_t bps = s->estimate_bps > 0 ? s->estimate_bps : 1;
    return now - s->estimate_first_at < START_S && bps < START_BPS ? START_BPS : bps;
}

/* The least of what the source's receivers can take; 0 while none has said. */
static uint64_t least_estimate(const source *of, double now) {
    uint64_t least = 0;
    for (int i = 0; i < of->sinks_count; i++) {
        uint64_t bps = estimate_of(of->sinks[i], of, now);
        if (bps > 0 && (least == 0 || bps < least)) least = bps;
    }
    return least;
}

static int layers_flowing(const peer *of) {
    int count = 0;
    for (int i = 0; i < of->sources_count; i++) count += of->sources[i]->video && of->sources[i]->rate_bps > 0;
    return count;
}

/* The limit of a peer that sends its picture in several layers: who receives least gets a smaller layer, so the best receiver
 * counts, and what the layers take that it does not get. An estimate never exceeds half again what comes: one that is well above
 * that knows no bound, and the limit grows past it, else no larger layer would ever begin. 0 while nobody has said anything. */
static uint64_t layered_limit(peer *of, double now) {
    uint64_t total = 0, best = 0;
    bool bounded = true;
    for (int i = 0; i < of->sources_count; i++) total += of->sources[i]->video ? of->sources[i]->rate_bps : 0;
    for (int i = 0; i < of->sources_count; i++) {
        const source *from = of->sources[i];
        for (int k = 0; from->video && k < from->sinks_count; k++) {
            uint64_t bps = estimate_of(from->sinks[k], from, now), all = bps + total - from->rate_bps;
            bool free = bps * 4 >= from->rate_bps * 5;
            if (bps == 0 || all < best || (all == best && !free)) continue;
            best = all;
            bounded = !free;
        }
    }
    if (best == 0) return 0;
    double since = now - of->grown_at;
    double grown = bounded ? 0 : of->grown_bps * (1 + LAYERED_GROWTH * (since < 1 ? since : 1));
    of->grown_at = now;
    of->grown_bps = grown > (double)best ? grown : (double)best;
    if (of->grown_bps > LAYERED_MOST_BPS) of->grown_bps = LAYERED_MOST_BPS;
    return (uint64_t)of->grown_bps;
}

static void tell_limit(plane *p, source *to, double now) {
    bool layered = layers_flowing(to->peer) > 1;
    told_limit *told = layered ? &to->peer->limit : &to->limit;
    uint64_t limit = layered ? layered_limit(to->peer, now) : least_estimate(to, now);
    if (limit == 0 || (limit >= told->bps && now - told->at < LIMIT_EVERY_S)) return;
    *told = (told_limit){limit, now};
    compound c = {.size = 0};
    compound_receiver_report(&c, to->peer->own_ssrc, NULL, 0);
    compound_remb(&c, to->peer->own_ssrc, limit, to->ssrc);
    send_compound(p, to->peer, &c);
}

/* The estimate is for all that the peer receives. Each of its videos gets at least an equal part, and all that the others leave:
 * an equal part alone would drag everybody to the slowest sender's pace, since an estimate never exceeds half again what comes. */
static void remb(plane *p, peer *from, const rtcp_packet *packet, double now) {
    uint64_t bps, taken = 0;
    const uint8_t *ssrcs;
    int count, videos = 0;
    bool named = false;
    if (!rtcp_remb(packet, &bps, &ssrcs, &count)) return;
    for (int i = 0; i < count && !named; i++) named = find_sink(from, get32(ssrcs + 4 * i)) != NULL;
    if (!named) return;
    for (int i = 0; i < from->sinks_count; i++) {
        const sink *s = from->sinks[i];
        if (!s->video || s->feed == NULL) continue;
        videos++;
        taken += s->feed->rate_bps;
    }
    for (int i = 0; i < from->sinks_count; i++) {
        sink *s = from->sinks[i];
        if (!s->video || s->feed == NULL) continue;
        uint64_t others = taken - s->feed->rate_bps, equal = bps / (uint64_t)videos;
        uint64_t rest = bps > others ? bps - others : 0;
        if (!s->has_estimate || now - s->estimate_at > ESTIMATE_LIFE_S) s->estimate_first_at = now;
        s->has_estimate = true;
        s->estimate_bps = rest > equal ? rest : equal;
        s->receiver_bps = bps;
        s->estimate_at = now;
        tell_limit(p, s->feed, now);
    }
}

/* --- a compound --- */

static void picture_loss(plane *p, peer *from, uint32_t media, double now) {
    const sink *s = find_sink(from, media);
    if (s != NULL && s->feed != NULL) request_keyframe(p, s->feed, now, false);
}

static void act_on(plane *p, peer *from, const rtcp_packet *packet, double now) {
    switch (packet->type) {
        case RTCP_SR:
            sender_report(p, from, packet, now);
            if (packet->size >= 24) receiver_report(from, packet->body + 24, packet->size - 24, packet->count, now);
            break;
        case RTCP_RR:
            if (packet->size >= 4) receiver_report(from, packet->body + 4, packet->size - 4, packet->count, now);
            break;
        case RTCP_RTPFB:
            if (packet->count == FMT_NACK) nack(p, from, packet, now);
            break;
        case RTCP_PSFB:
            if (packet->count == FMT_PLI && packet->size >= 8) picture_loss(p, from, get32(packet->body + 4), now);
            for (int at = 8; packet->count == FMT_FIR && at + 8 <= packet->size; at += 8)
                picture_loss(p, from, get32(packet->body + at), now);
            if (packet->count == FMT_REMB) remb(p, from, packet, now);
            break;
        default: /* SDES and BYE end here: the routes say who is there */
            break;
    }
}

static bool may_try(const peer *from, uint32_t ssrc) {
    for (int i = 0; i < from->tried_count; i++)
        if (from->tried[i] == ssrc) return true;
    return false;
}

bool take_rtcp(plane *p, peer *from, uint8_t *data, int size, double now) {
    if (size < 8) return false;
    uint32_t ssrc = get32(data + 4);
    if (find_source(from, ssrc) == NULL && !may_try(from, ssrc)) {
        if (from->tried_count == MAX_UNKNOWN_SSRCS) return false;
        from->tried[from->tried_count++] = ssrc;
    }
    if (p->unprotect_rtcp(from->receive, data, &size) != 0) return false;
    from->heard_at = now;
    rtcp_packet packet;
    int at = 0, more;
    while ((more = rtcp_next(data, size, &at, &packet)) == 1) { /* a compound with a wrong length anywhere says nothing */
    }
    if (more < 0) return false;
    at = 0;
    while (rtcp_next(data, size, &at, &packet) == 1) act_on(p, from, &packet, now);
    return true;
}
