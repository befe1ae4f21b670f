/* A queue before a receiver, seen by connectivity checks that go through it; and what its line lets through, by checks behind
 * pictures. Specified in tests/reference/checks.py, where the reasons stand. The requests are signed by Python, once for each
 * connection; an answer is known by its transaction, 96 bits that nobody beside the path knows, and tells nothing but how long it
 * took. */
#include <stdlib.h>

#include "state.h"

static const double EVERY_S = 0.2, JITTER_S = 0.01, LIFE_S = 3, SEES_S = 1;
static const uint64_t WATCHED_BPS = 60000, DRAIN_ABOVE_BPS = 200000;
static const double WAITS_S = 0.6, LATE_S = 0.35, EMPTY_S = 0.15, DEEP_S = 0.7, GUESS = 0.6;
static const double UNKNOWN_TRIP_S = 0.6, STAMP_LIFE_S = 1, DRAIN_S = 1, LONGEST_DRAIN_S = 1.5;
static const int LATE_ANSWERS = 2, CALM_ANSWERS = 4;
static const double BASE_LIFE_S = 4;
static const double TRIP_GROWTH = 1.05; /* a check of Python's, of which there is one in five seconds: paths change */
static const uint64_t OVERLOAD = 2;
static const double PICTURE_S = 0.15, LONGER_S = 0.1;
static const double ROOM_LIFE_S = 1, ROOM_GRAIN_S = 0.001;
static const uint64_t ROOM_OCTETS = 500;
enum { STUN_HEAD_BYTES = 20, TRANSACTION_AT = 8, TRANSACTION_BYTES = 12, BINDING_SUCCESS = 0x0101 };

/* How long an answer stood behind what its sender sends. */
static double own_of(const peer *of, double now) { return now - of->clock.at <= STAMP_LIFE_S ? of->clock.late_s : 0; }

static double late_of(const peer *of, double seconds, double now) {
    double late = seconds - (of->trip > 0 ? of->trip : UNKNOWN_TRIP_S) - own_of(of, now);
    return late > 0 ? late : 0;
}

static uint64_t at_least_one(double bps) { return bps < 1 ? 1 : (uint64_t)bps; }

static void set_base(line_checks *c, uint64_t octets, double at) {
    c->base_at = at;
    c->octets = octets;
}

/* There is a queue, and `octets` had been sent before what waits in it or just came through it. */
static void take_queue(line_checks *c, uint64_t octets, double share, double at) {
    bool old = c->base_at == 0 || at - c->base_at > BASE_LIFE_S;
    if (!(old && c->bps == 0) && at > c->base_at && octets >= c->octets) {
        uint64_t most = at_least_one((double)((octets - c->octets) * 8) / (at - c->base_at)), firm = c->bps > 0 ? c->firm_bps : 0;
        c->bps = at_least_one(share * (double)((octets - c->octets) * 8) / (at - c->base_at));
        if (firm > most || share == 1) firm = most;
        c->firm_bps = firm > c->bps ? firm : c->bps;
    }
    if (old) set_base(c, octets, at);
}

bool checks_see(const peer *of, double now) {
    const line_checks *c = of->checks;
    return c != NULL && c->answered_at > 0 && (c->bps > 0 || now - c->answered_at <= SEES_S);
}

void checks_forget(peer *of) {
    of->trip = 0; /* another way has another */
    line_checks *c = of->checks;
    if (c == NULL) return;
    for (int i = 0; i < c->count; i++) c->kept[i].sent_at = 0;
    c->answered_at = c->base_at = c->late_s = c->picture_at = 0;
    c->late_answers = 0;
    c->bps = 0;
    memset(c->rooms, 0, sizeof c->rooms);
    c->room_bps = 0;
}

void checks_picture_begins(peer *of, double now) {
    if (of->checks == NULL) return;
    of->checks->picture_at = now;
    of->checks->picture_octets = of->sent_octets;
}

/* The second of the quickest: one may have been answered out of turn. */
static uint64_t second_of(const line_room *rooms, double now) {
    uint64_t most = 0, second = 0;
    for (int i = 0; i < ROOMS_KEPT; i++) {
        if (rooms[i].at == 0 || now - rooms[i].at > ROOM_LIFE_S || rooms[i].bps <= second) continue;
        second = rooms[i].bps < most ? rooms[i].bps : most;
        if (rooms[i].bps > most) most = rooms[i].bps;
    }
    return second;
}

/* A picture and the check behind it were under way for so long. */
static void take_room(line_checks *c, const line_check *of, double sent_at, double late, double now) {
    if (of->picture_at == 0 || of->octets - of->octets_before < ROOM_OCTETS) return;
    uint64_t octets = of->octets - of->octets_before;
    double took = (sent_at - of->picture_at) + late + ROOM_GRAIN_S;
    c->rooms[c->next_room] = (line_room){(uint64_t)((double)(octets * 8) / took), now};
    c->next_room = (c->next_room + 1) % ROOMS_KEPT;
    c->room_bps = second_of(c->rooms, now);
    c->room_at = now;
}

/* What a line that carries so much of everything leaves to one of its pictures. */
static uint64_t part_of(uint64_t all, const peer *of, const sink *s) {
    uint64_t sounds = 0, pictures = 0;
    if (all == 0) return 0;
    for (int i = 0; i < of->sinks_count; i++)
        if (of->sinks[i]->feed != NULL) *(of->sinks[i]->video ? &pictures : &sounds) += of->sinks[i]->feed->rate_bps;
    uint64_t rest = all > sounds && all - sounds > all / 4 ? all - sounds : all / 4;
    uint64_t part = pictures > 0 ? rest * s->feed->rate_bps / pictures : rest;
    return part > 0 ? part : 1;
}

/* Tells each picture to this peer what there is of a queue, and its sender. */
static void tell(plane *p, peer *of, bool before, double now) {
    line_checks *c = of->checks;
    for (int i = 0; i < of->sinks_count; i++) {
        sink *s = of->sinks[i];
        if (!s->video || s->feed == NULL || s->history == NULL) continue;
        downlink_queue *q = &s->downlink;
        q->late_s = c->late_s;
        q->at = now;
        q->reported = false;
        q->late_reports = 0;
        q->bps = part_of(c->bps, of, s);
        q->firm_bps = part_of(c->firm_bps, of, s);
        if (c->late_s < EMPTY_S && c->bps == 0 && s->tell_at == 0 && now < s->drain_until) s->drain_until = now;
        if (!before && c->bps == 0) continue;
        bool much = s->feed->rate_bps >= DRAIN_ABOVE_BPS && (c->late_s > DRAIN_S || s->feed->rate_bps > OVERLOAD * q->firm_bps);
        if (c->bps > 0 && much) drain(s, LONGEST_DRAIN_S, now);
        tell_limit(p, s->feed, now);
    }
}

/* Notes that a picture flows; the end of a queue is worth knowing as well, for a while. */
static bool is_watched(const peer *of, double now) {
    for (int i = 0; i < of->sinks_count; i++)
        if (of->sinks[i]->video && of->sinks[i]->feed != NULL && of->sinks[i]->feed->rate_bps >= WATCHED_BPS) of->checks->watched_at = now;
    return of->checks->watched_at == now || (of->checks->bps > 0 && now - of->checks->watched_at <= LIFE_S);
}

static const line_check *oldest(const line_checks *c) {
    const line_check *found = NULL;
    for (int i = 0; i < c->count; i++)
        if (c->kept[i].sent_at > 0 && (found == NULL || c->kept[i].sent_at < found->sent_at)) found = &c->kept[i];
    return found;
}

static void judge(plane *p, peer *of, double now) {
    line_checks *c = of->checks;
    const line_check *waits = oldest(c);
    bool before = c->bps > 0;
    if (waits == NULL || now - waits->sent_at >= LIFE_S) {
        if (now - (c->sent_at > c->answered_at ? c->sent_at : c->answered_at) >= LIFE_S) c->bps = 0;
    } else {
        double late = late_of(of, now - waits->sent_at, now);
        double at = now - own_of(of, now);
        if (late > WAITS_S && (before || (c->base_at > 0 && at - c->base_at <= BASE_LIFE_S))) {
            if (!before) take_queue(c, waits->octets, GUESS, at); /* later ones may be lost in it */
            c->late_s = late;
        }
    }
    if (before || c->bps > 0) tell(p, of, before, now);
}

/* Nothing was sent, nothing waits: there is nothing to see, and of hundreds who are idle only one line of the cache is read. */
static bool is_idle(line_checks *c, uint64_t octets, double now) {
    bool idle = octets == c->looked_at_octets && c->bps == 0 && now - c->sent_at >= LIFE_S;
    c->looked_at_octets = octets;
    return idle;
}

static void send_check(plane *p, peer *of, bool follows, double now) {
    line_checks *c = of->checks;
    line_check *next = &c->kept[c->next];
    if (next->sent_at > 0 && now - next->sent_at < LIFE_S) return;
    next->sent_at = c->sent_at = now;
    next->octets = of->sent_octets;
    next->picture_at = follows ? c->picture_at : 0;
    next->octets_before = c->picture_octets;
    c->next = (c->next + 1) % c->count;
    outgoing *out = out_next(p);
    memcpy(out->data, next->request, (size_t)next->size);
    out_commit(p, of, next->size);
}

void checks_due(plane *p, peer *of, double now) {
    line_checks *c = of->checks;
    if (c == NULL || c->count == 0 || !of->has_address || is_idle(c, of->sent_octets, now)) return;
    judge(p, of, now);
    bool watched = is_watched(of, now);
    double patience = now - c->picture_at <= PICTURE_S ? LONGER_S : 0; /* one will follow the next picture */
    if (watched && now - c->sent_at >= EVERY_S + patience - JITTER_S) send_check(p, of, false, now);
}

void checks_picture_ended(plane *p, peer *of, double now) {
    line_checks *c = of->checks;
    if (c == NULL || c->count == 0 || now - c->sent_at < EVERY_S - JITTER_S || !is_watched(of, now)) return;
    send_check(p, of, true, now);
}

bool checks_answered(plane *p, peer *from, const uint8_t *data, int size, double now) {
    line_checks *c = from->checks;
    if (c == NULL || size < STUN_HEAD_BYTES || get16(data) != BINDING_SUCCESS) return false;
    line_check *of = NULL;
    for (int i = 0; i < c->count && of == NULL; i++) {
        bool same = memcmp(c->kept[i].request + TRANSACTION_AT, data + TRANSACTION_AT, TRANSACTION_BYTES) == 0;
        if (c->kept[i].sent_at > 0 && same) of = &c->kept[i];
    }
    if (of == NULL) return false;
    double sent_at = of->sent_at, trip = now - sent_at, own = own_of(from, now);
    for (int i = 0; i < c->count; i++)
        if (c->kept[i].sent_at <= sent_at) c->kept[i].sent_at = 0; /* what was sent before it is lost */
    if (from->trip > 0 && trip < from->trip) from->trip = trip;
    if (from->trip > 0) take_room(c, of, sent_at, trip - from->trip, now);
    double late = late_of(from, trip, now), made_at = now - (own < trip ? own : trip); /* the stamps' word may be old */
    bool before = c->bps > 0;
    c->answered_at = now;
    c->late_s = late;
    c->late_answers = late > LATE_S ? c->late_answers + 1 : 0;
    c->calm_answers = late > LATE_S ? 0 : c->calm_answers + 1;
    if (late < EMPTY_S || c->calm_answers >= CALM_ANSWERS) { /* a busy phone is never quite in time */
        c->bps = 0;
        set_base(c, of->octets, made_at);
    } else if (before || c->late_answers >= LATE_ANSWERS)
        take_queue(c, of->octets, late > DEEP_S ? GUESS : 1, made_at);
    tell(p, from, before, now);
    return true;
}

void plane_peer_answered(plane *p, uint32_t number, double trip) {
    pthread_mutex_lock(&p->lock);
    peer *known = find_peer(p, number);
    double grown = known != NULL && known->trip > 0 ? known->trip * TRIP_GROWTH : trip;
    if (known != NULL) known->trip = trip < grown ? trip : grown;
    pthread_mutex_unlock(&p->lock);
}

void plane_peer_check_add(plane *p, uint32_t number, const uint8_t *request, int size) {
    if (size < STUN_HEAD_BYTES || size > MAX_CHECK_BYTES) return;
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    if (of != NULL && of->checks == NULL) of->checks = calloc(1, sizeof *of->checks);
    line_checks *c = of != NULL ? of->checks : NULL;
    if (c != NULL && c->count < CHECKS_KEPT) {
        memcpy(c->kept[c->count].request, request, (size_t)size);
        c->kept[c->count++].size = size;
    }
    pthread_mutex_unlock(&p->lock);
}
