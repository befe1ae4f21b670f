/* RTCP: what a peer reports, asked in terms of its own streams, becomes words for the others; NACKs are answered here. */
#include <math.h>

#include "state.h"

static const double KEYFRAME_EVERY_S = 0.2;   /* however many ask: a key frame costs about ten ordinary ones */
static const double KEYFRAME_BITS = 250000, LONGEST_PASSAGE_S = 1.5;
static const double WAITING_EVERY_S = 0.5;    /* while a closed gate waits: a key frame takes that long over a slow uplink */
static const double HEEDED_EVERY_S = 0.35;    /* for all layers of a picture alike: between two, browsers do not listen */
static const double RENACK_AFTER_S = 0.05;    /* upstream, whichever sinks miss it: at the least; else once per round trip */
static const double LONGEST_TRIP_S = 1;
static const int ASKED_TIMES = 3;             /* for what the history lacks: more fill a full line with what comes too late */
static const double ASKED_LIFE_S = 5;
static const double GIVEN_UP_EVERY_S = 2, GIVEN_UP_LEAST_S = 0.5; /* a large picture's key frame is 60 kB: one after the other fills any line */
static const double GIVEN_UP_BITS = 125000;   /* of a picture of so little a second it is small; what limits the sender further still counts */
static const double ASK_SHARE = 0.25; /* of what comes */
static const uint64_t DRAIN_ABOVE_BPS = 200000;
static const double LEAST_DRAIN_S = 0.2;
static const double ASK_BYTES = 1200, ASK_LEAST_BYTES = 6000;

void send_compound(plane *p, peer *to, compound *c) {
    if (to->send == NULL || !to->has_address || c->size == 0) return;
    outgoing *out = out_next(p);
    int size = c->size;
    memcpy(out->data, c->data, (size_t)size);
    if (p->protect_rtcp(to->send, out->data, &size) != 0) return;
    out_commit(p, to, size);
}

/* How long a key frame takes through what the sender is limited to: asked each 200 ms for what takes a second, a browser sends nothing
 * but beginnings of key frames. */
static double passage_of_keyframe(const source *of) {
    uint64_t limit = of->limit.bps;
    if (of->cap_bps > 0 && (limit == 0 || of->cap_bps < limit)) limit = of->cap_bps;
    double passage = limit > 0 ? KEYFRAME_BITS / (double)limit : 0;
    return passage < LONGEST_PASSAGE_S ? passage : LONGEST_PASSAGE_S;
}

void keyframe_seen(source *of, uint32_t timestamp, bool begins, bool ends, double now) {
    if (begins) {
        of->keyframe_timestamp = timestamp;
        of->keyframe_at = now;
    }
    of->keyframe_begun |= begins;
    if (!ends || !of->keyframe_begun || of->keyframe_timestamp != timestamp) return;
    of->keyframe_begun = false;
    of->keyframe_came = true;
}

/* For who is new what has come is not waited for: it may have come just before, and be no use. Nor is it held back because another
 * layer was just asked for, which a browser may take for one request or for two; but a shut gate asks again as if it were in vain. */
void request_keyframe(plane *p, source *of, double now, keyframe_reason reason) {
    if (!of->video || of->peer->send == NULL) return;
    double pause = reason == WAITING ? WAITING_EVERY_S : KEYFRAME_EVERY_S;
    double passage = reason == ORDERED && of->keyframe_came ? 0 : passage_of_keyframe(of);
    double heeded_at = of->peer->heeded_at, asked_at = of->keyframe_asked_at;
    bool fresh = heeded_at > 0 && now - heeded_at < HEEDED_EVERY_S, vain = fresh && asked_at < heeded_at;
    if (reason == WAITING && asked_at < heeded_at && of->keyframe_at < heeded_at) asked_at = heeded_at; /* it may bring this one, too */
    if (now - asked_at < (passage > pause ? passage : pause)) return;
    if (vain && (reason != ORDERED || now - of->keyframe_tried_at < KEYFRAME_EVERY_S)) return;
    if (!fresh) of->peer->heeded_at = now;
    if (vain)
        of->keyframe_tried_at = now;
    else {
        of->keyframe_asked_at = now;
        of->keyframe_came = false;
    }
    compound c = {.size = 0};
    compound_receiver_report(&c, of->peer->own_ssrc, NULL, 0);
    compound_pli(&c, of->peer->own_ssrc, of->ssrc);
    send_compound(p, of->peer, &c);
}

/* --- reports --- */

static report_block block_of(source *s, double now) {
    reception_report figures = reception_take_report(&s->reception);
    double since = s->last_report_at > 0 ? now - s->last_report_at : 0;
    s->lost_fraction = figures.fraction_lost;
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
        uplink_aged(s, now);
        if (s->video && (s->cap_bps > 0 || is_layered(s)) && s->sinks_count > 0) tell_limit(p, s, now);
        if (s->reception.packets > 0) blocks[count++] = block_of(s, now);
    }
    for (int i = 0; i < to->sinks_count; i++)
        if (downlink_silent(to->sinks[i], now)) tell_limit(p, to->sinks[i]->feed, now);
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

/* After a change of layer losses count from that on; and what a flood told stands until it has been acted on. */
static bool counts_losses(const sink *s, const report_block *block) {
    int64_t number;
    return s->tell_at == 0 && (s->lost.reported || numbers_since_switch(&s->numbers, (uint16_t)block->highest, &number));
}

static void receiver_report(plane *p, peer *from, const uint8_t *blocks, int size, int count, double now) {
    for (int i = 0; i < count && 24 * (i + 1) <= size; i++) {
        report_block block = rtcp_block(blocks + 24 * i);
        sink *s = find_sink(from, block.ssrc);
        if (s == NULL) continue;
        if (counts_losses(s, &block)) losses_reported(&s->lost, &block, now);
        s->reported_at = now;
        if (downlink_reported(s, &block, now)) tell_limit(p, s->feed, now);
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

typedef enum { ASK, WAIT, GIVE_UP } asking;

/* Through a line on which a queue has just been half a hundred packets would stand in the way of the key frame that makes them void. */
static bool may_ask(source *s, double now) {
    return bucket_take(&s->asks, (double)s->rate_bps / 8 * ASK_SHARE, ASK_LEAST_BYTES, ASK_BYTES, now);
}

/* What to do about it: the sender is asked once within a round trip, and a few times in all. Notes that it is asked now. */
static asking ask_once(source *s, uint16_t sequence, double now) {
    double trip = trip_to(s->peer);
    int times = 0;
    for (int i = 0; i < ASKED; i++) {
        if (s->asked[i].sequence != sequence || s->asked[i].at <= 0 || now - s->asked[i].at >= ASKED_LIFE_S) continue;
        if (now - s->asked[i].at < trip) return WAIT;
        times++;
    }
    if (times >= ASKED_TIMES || !may_ask(s, now)) return GIVE_UP;
    s->asked[s->asked_next].sequence = sequence;
    s->asked[s->asked_next].at = now;
    s->asked_next = (s->asked_next + 1) % ASKED;
    return ASK;
}

/* Notes what is missed for the first time. Of several layers, and where that is a flood, nothing more of this one is sent: the smaller
 * one's key frame must get through. */
static bool is_flooded(sink *s, const rtcp_packet *packet, double now) {
    double share = 0;
    for (int at = 8, named = 0; at + 4 <= packet->size; at += 4) {
        uint32_t mask = 1 | (uint32_t)get16(packet->body + at + 2) << 1;
        for (int bit = 0; bit < 17; bit++) {
            int64_t number;
            if (!(mask >> bit & 1) || named++ >= HISTORY_PACKETS) continue;
            if (!numbers_since_switch(&s->numbers, (uint16_t)(get16(packet->body + at) + bit), &number)) continue;
            double now_lost = flood_missed(&s->flood, number, now);
            if (now_lost > 0) share = now_lost;
        }
    }
    if (share == 0 || !is_layered(s->feed) || s->feed->rate_bps < DRAIN_ABOVE_BPS) return false;
    if (!drain(s, s->downlink.late_s > LEAST_DRAIN_S ? s->downlink.late_s : LEAST_DRAIN_S, now)) return false;
    s->lost.share = share;
    s->reported_at = now;
    return true;
}

static double given_up_pause(const source *of) {
    double pause = (double)of->rate_bps / GIVEN_UP_BITS;
    return pause < GIVEN_UP_LEAST_S ? GIVEN_UP_LEAST_S : pause < GIVEN_UP_EVERY_S ? pause : GIVEN_UP_EVERY_S;
}

/* What came before the key frame that the gate last opened with is void: sent again, it would fill the line that a smaller layer was
 * chosen for; and before a shut gate everything is. */
static void nack(plane *p, peer *from, const rtcp_packet *packet, double now) {
    sink *s = packet->size >= 8 ? find_sink(from, get32(packet->body + 4)) : NULL;
    if (s == NULL || !s->video || !s->open || is_flooded(s, packet, now)) return;
    uint16_t missing[HISTORY_PACKETS];
    int named = 0, missing_count = 0;
    bool lacks = false; /* what will not come any more: receivers would wait three seconds for it */
    for (int at = 8; at + 4 <= packet->size; at += 4) {
        uint32_t mask = 1 | (uint32_t)get16(packet->body + at + 2) << 1;
        for (int bit = 0; bit < 17; bit++) {
            if (!(mask >> bit & 1) || named++ >= HISTORY_PACKETS) continue;
            uint16_t sequence = (uint16_t)(get16(packet->body + at) + bit), lost;
            int64_t number;
            if (!numbers_since_switch(&s->numbers, sequence, &number)) continue;
            struct sent *kept = history_find(s->history, sequence);
            bool comes = !history_is_stale(s, sequence, now) && (kept == NULL || resend(p, s, kept, now) || downlink_bps(s, now) > 0);
            if (!comes)
                lacks = lacks || (s->feed != NULL && !uplink_is_deep(s->feed));
            else if (kept != NULL)
                continue;
            else if (s->feed != NULL && !uplink_is_deep(s->feed) && numbers_source_sequence(&s->numbers, sequence, &lost)) {
                asking next = ask_once(s->feed, lost, now);
                lacks = lacks || next == GIVE_UP;
                if (next != ASK) continue;
                arrivals_forget(&s->feed->arrived, lost);
                missing[missing_count++] = lost;
            }
        }
    }
    if (lacks && is_layered(s->feed) && flood_is_young(&s->flood, now)) lacks = false; /* the layer that fits is about to be asked for */
    if (lacks && now - s->feed->keyframe_asked_at >= given_up_pause(s->feed)) request_keyframe(p, s->feed, now, NEEDED);
    if (missing_count == 0) return; /* through a full link nothing is sent again: a key frame follows */
    compound c = {.size = 0};
    compound_receiver_report(&c, s->feed->peer->own_ssrc, NULL, 0);
    compound_nack(&c, s->feed->peer->own_ssrc, s->feed->ssrc, missing, missing_count);
    send_compound(p, s->feed->peer, &c);
}

/* --- a compound --- */

static void picture_loss(plane *p, peer *from, uint32_t media, double now) {
    const sink *s = find_sink(from, media);
    if (s != NULL && s->feed != NULL) request_keyframe(p, s->feed, now, NEEDED);
}

static void act_on(plane *p, peer *from, const rtcp_packet *packet, double now) {
    switch (packet->type) {
        case RTCP_SR:
            sender_report(p, from, packet, now);
            if (packet->size >= 24) receiver_report(p, from, packet->body + 24, packet->size - 24, packet->count, now);
            break;
        case RTCP_RR:
            if (packet->size >= 4) receiver_report(p, from, packet->body + 4, packet->size - 4, packet->count, now);
            break;
        case RTCP_RTPFB:
            if (packet->count == FMT_NACK) nack(p, from, packet, now);
            break;
        case RTCP_PSFB:
            if (packet->count == FMT_PLI && packet->size >= 8) picture_loss(p, from, get32(packet->body + 4), now);
            for (int at = 8; packet->count == FMT_FIR && at + 8 <= packet->size; at += 8)
                picture_loss(p, from, get32(packet->body + at), now);
            if (packet->count == FMT_REMB) take_remb(p, from, packet, now);
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
