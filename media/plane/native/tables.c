/* Orders: peers, addresses, sources, sinks and routes come and go while packets flow. Each takes the lock for itself. */
#include <stdlib.h>

#include "state.h"

static const uint8_t TROUBLE_LOST = 5; /* of 256, in the last second */

static uint32_t bucket_of_address(const plane_address *a) {
    uint64_t high, low; /* only authenticated peers' addresses come in here: nobody gains by collisions */
    memcpy(&high, a->ip, 8);
    memcpy(&low, a->ip + 8, 8);
    uint64_t hash = (high * 0x9E3779B97F4A7C15u ^ low ^ (uint64_t)a->port << 17) * 0xD6E8FEB86659FD93u;
    return (uint32_t)(hash >> 40) % BUCKETS;
}

bool same_address(const plane_address *a, const plane_address *b) {
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

peer *find_peer(plane *p, uint32_t number) {
    peer *found = p->peers[number % BUCKETS];
    while (found != NULL && found->number != number) found = found->next;
    return found;
}

static address_entry **entry_of(plane *p, const plane_address *address) {
    address_entry **at = &p->addresses[bucket_of_address(address)];
    while (*at != NULL && !same_address(&(*at)->address, address)) at = &(*at)->next;
    return at;
}

peer *peer_at(plane *p, const plane_address *address) {
    const address_entry *entry = *entry_of(p, address);
    return entry ? entry->peer : NULL;
}

static ssrc_entry **ssrc_entry_of(plane *p, uint32_t ssrc) {
    ssrc_entry **at = &p->ssrcs[ssrc % BUCKETS];
    while (*at != NULL && (*at)->ssrc != ssrc) at = &(*at)->next;
    return at;
}

peer *peer_of_ssrc(plane *p, uint32_t ssrc) {
    const ssrc_entry *entry = *ssrc_entry_of(p, ssrc);
    return entry ? entry->peer : NULL;
}

static void ssrc_add(plane *p, peer *of, uint32_t ssrc) {
    ssrc_entry **at = ssrc_entry_of(p, ssrc);
    if (*at == NULL && (*at = calloc(1, sizeof **at)) != NULL) (*at)->ssrc = ssrc;
    if (*at != NULL) (*at)->peer = of;
}

static void ssrc_forget(plane *p, const peer *of, uint32_t ssrc) {
    ssrc_entry **at = ssrc_entry_of(p, ssrc);
    ssrc_entry *gone = *at;
    if (gone == NULL || gone->peer != of) return;
    *at = gone->next;
    free(gone);
}

source *find_source(peer *of, uint32_t ssrc) {
    for (int i = 0; i < of->sources_count; i++)
        if (of->sources[i]->ssrc == ssrc) return of->sources[i];
    return NULL;
}

source *find_repaired(peer *of, uint32_t ssrc) {
    for (int i = 0; i < of->sources_count; i++)
        if (of->sources[i]->repair.ssrc == ssrc && ssrc != 0) return of->sources[i];
    return NULL;
}

sink *find_sink(peer *of, uint32_t ssrc) {
    for (int i = 0; i < of->sinks_count; i++)
        if (of->sinks[i]->ssrc == ssrc) return of->sinks[i];
    return NULL;
}

static void leave(sink *s, source **from) {
    source *feed = *from;
    *from = NULL;
    for (int i = 0; feed != NULL && i < feed->sinks_count; i++) {
        if (feed->sinks[i] != s) continue;
        feed->sinks[i] = feed->sinks[--feed->sinks_count];
        break;
    }
}

/* Takes the sink off its source; its numbering stays. */
void sink_detach(sink *s) {
    if (s->feed != NULL) s->has_estimate = false;
    s->drain_until = s->tell_at = 0;
    leave(s, &s->feed);
    leave(s, &s->next);
}

/* The source that the sink waited for takes over. */
void sink_change(sink *s) {
    leave(s, &s->feed);
    s->feed = s->next;
    s->next = NULL;
    s->drain_until = s->tell_at = 0;
    s->lost = (losses){0};
    sink_shut(s);
}

void sink_shut(sink *s) {
    s->open = false;
    numbers_switch(&s->numbers);
}

/* Nobody is fed any more, or waits; who waits for another source in place of this one gets it at once. */
static void source_abandon(source *gone) {
    while (gone->sinks_count > 0) {
        sink *fed = gone->sinks[0];
        if (fed->next == gone) {
            leave(fed, &fed->next);
        } else if (fed->next != NULL) {
            sink_change(fed);
        } else {
            sink_detach(fed);
            sink_shut(fed);
        }
    }
}

static void source_forget(plane *p, peer *of, int index) {
    source *gone = of->sources[index];
    ssrc_forget(p, of, gone->ssrc);
    of->sources_count--;
    memmove(&of->sources[index], &of->sources[index + 1], sizeof gone * (size_t)(of->sources_count - index));
    source_abandon(gone);
    free(gone->sinks);
    tap_close(gone->tap);
    free(gone);
}

static void sink_forget(peer *of, int index) {
    sink *gone = of->sinks[index];
    of->sinks[index] = of->sinks[--of->sinks_count];
    sink_detach(gone);
    history_free(gone->history);
    free(gone);
}

static void address_forget(plane *p, const plane_address *address) {
    address_entry **at = entry_of(p, address);
    address_entry *gone = *at;
    if (gone == NULL) return;
    *at = gone->next;
    free(gone);
}

static void peer_forget(plane *p, peer *gone) {
    while (gone->sources_count > 0) source_forget(p, gone, 0);
    while (gone->sinks_count > 0) sink_forget(gone, 0);
    for (int i = 0; i < BUCKETS; i++) {
        address_entry **at = &p->addresses[i];
        while (*at != NULL) {
            address_entry *entry = *at;
            if (entry->peer != gone) {
                at = &entry->next;
                continue;
            }
            *at = entry->next;
            free(entry);
        }
    }
    peer **at = &p->peers[gone->number % BUCKETS];
    while (*at != gone) at = &(*at)->next;
    *at = gone->next;
    p->peers_count--;
    free(gone->checks);
    free(gone);
}

void forget_everything(plane *p) {
    for (int i = 0; i < BUCKETS; i++)
        while (p->peers[i] != NULL) peer_forget(p, p->peers[i]);
}

void plane_peer_add(plane *p, uint32_t number, uint32_t own_ssrc, plane_extensions names) {
    pthread_mutex_lock(&p->lock);
    if (find_peer(p, number) == NULL) {
        peer *new = calloc(1, sizeof *new);
        if (new != NULL) {
            new->number = number;
            new->own_ssrc = own_ssrc;
            new->names = names;
            new->limit.at = -1e9;
            new->next = p->peers[number % BUCKETS];
            p->peers[number % BUCKETS] = new;
            p->peers_count++;
        }
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_peer_keys_set(plane *p, uint32_t number, void *receive, void *send) {
    pthread_mutex_lock(&p->lock);
    peer *known = find_peer(p, number);
    if (known != NULL && known->send == NULL) {
        known->receive = receive;
        known->send = send;
    }
    pthread_mutex_unlock(&p->lock);
}

static void address_add(plane *p, peer *owner, const plane_address *address) {
    address_entry **at = entry_of(p, address);
    if (*at == NULL && (*at = calloc(1, sizeof **at)) != NULL) (*at)->address = *address;
    if (*at != NULL) (*at)->peer = owner; /* an address belongs to one peer, the last */
}

void plane_peer_address_add(plane *p, uint32_t number, const plane_address *address) {
    pthread_mutex_lock(&p->lock);
    peer *known = find_peer(p, number);
    if (known != NULL) address_add(p, known, address);
    pthread_mutex_unlock(&p->lock);
}

void plane_peer_address_set(plane *p, uint32_t number, const plane_address *address) {
    pthread_mutex_lock(&p->lock);
    peer *known = find_peer(p, number);
    if (known != NULL) {
        address_add(p, known, address);
        if (known->has_address && !same_address(&known->address, address)) {
            checks_forget(known);
            uplink_forget(known);
        }
        known->address = *address;
        known->has_address = true;
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_peer_address_remove(plane *p, uint32_t number, const plane_address *address) {
    pthread_mutex_lock(&p->lock);
    const peer *known = find_peer(p, number);
    if (known != NULL && peer_at(p, address) == known) address_forget(p, address);
    pthread_mutex_unlock(&p->lock);
}

void plane_peer_remove(plane *p, uint32_t number) {
    pthread_mutex_lock(&p->lock);
    peer *known = find_peer(p, number);
    if (known != NULL) peer_forget(p, known);
    pthread_mutex_unlock(&p->lock);
}

double plane_peer_heard_at(plane *p, uint32_t number) {
    pthread_mutex_lock(&p->lock);
    const peer *known = find_peer(p, number);
    double at = known != NULL ? known->heard_at : 0;
    pthread_mutex_unlock(&p->lock);
    return at;
}

/* Fills in those of whom `holds` is true at that time. */
static int peers_who(plane *p, bool (*holds)(const peer *, double), double at, uint32_t *peers, int capacity) {
    int count = 0;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (const peer *of = p->peers[i]; of != NULL; of = of->next) {
            if (!holds(of, at)) continue;
            if (count < capacity) peers[count] = of->number;
            count++;
        }
    pthread_mutex_unlock(&p->lock);
    return count;
}

static bool was_heard(const peer *of, double since) { return of->heard_at > since; }

static bool is_troubled(const peer *of, double now) {
    for (int i = 0; i < of->sources_count; i++) {
        const source *s = of->sources[i];
        if (s->congested_at > 0 || s->uplink.bps > 0 || s->lost_fraction > TROUBLE_LOST) return true;
    }
    for (int i = 0; i < of->sinks_count; i++)
        if (downlink_is_troubled(of->sinks[i], now)) return true;
    return false;
}

int plane_peers_heard(plane *p, double since, uint32_t *peers, int most) { return peers_who(p, was_heard, since, peers, most); }

int plane_peers_troubled(plane *p, double now, uint32_t *peers, int most) { return peers_who(p, is_troubled, now, peers, most); }

bool plane_peer_heard_from(plane *p, uint32_t number, plane_address *address) {
    pthread_mutex_lock(&p->lock);
    const peer *known = find_peer(p, number);
    bool has = known != NULL && known->has_heard_from;
    if (has) *address = known->heard_from;
    pthread_mutex_unlock(&p->lock);
    return has;
}

void plane_source_set(plane *p, uint32_t number, uint32_t ssrc, plane_codec codec, uint8_t payload_type, plane_extensions extensions,
                      plane_repair repair) {
    bool video = codec != PLANE_OPUS;
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    source *known = of != NULL ? find_source(of, ssrc) : NULL;
    if (of != NULL && known == NULL && of->sources_count < MAX_STREAMS && (known = calloc(1, sizeof *known)) != NULL) {
        known->peer = of;
        known->ssrc = ssrc;
        known->codec = codec;
        known->video = video;
        known->reception.clock_rate = video ? 90000 : 48000;
        known->keyframe_asked_at = known->limit.at = -1e9;
        of->sources[of->sources_count++] = known;
        ssrc_add(p, of, ssrc);
    }
    if (known != NULL && known->video == video) {
        if (known->codec != codec) source_abandon(known); /* nobody is sent what they did not agree to */
        known->codec = codec;
        known->payload_type = payload_type;
        known->extensions = extensions;
        known->repair = repair;
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_source_clear(plane *p, uint32_t number, uint32_t ssrc) {
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    for (int i = 0; of != NULL && i < of->sources_count; i++) {
        if (of->sources[i]->ssrc != ssrc) continue;
        source_forget(p, of, i);
        break;
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_sink_set(plane *p, uint32_t number, uint32_t ssrc, plane_codec codec, uint8_t payload_type, plane_extensions extensions,
                    plane_repair repair, const char *cname, const char *mid, uint16_t first_sequence, uint32_t first_timestamp) {
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    sink *new = NULL;
    if (of != NULL && find_sink(of, ssrc) == NULL && of->sinks_count < MAX_STREAMS) new = calloc(1, sizeof *new);
    if (new != NULL) {
        *new = (sink){.peer = of, .ssrc = ssrc, .codec = codec, .video = codec != PLANE_OPUS, .payload_type = payload_type,
                      .extensions = extensions, .repair = repair, .repair_sequence = repair.first_sequence};
        strncpy(new->cname, cname, CNAME_BYTES - 1);
        new->mid_size = (int)strnlen(mid, MAX_NAME_BYTES);
        memcpy(new->mid, mid, (size_t)new->mid_size);
        numbers_init(&new->numbers, new->video ? 90000 : 48000, first_sequence, first_timestamp);
        of->sinks[of->sinks_count++] = new;
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_sink_clear(plane *p, uint32_t number, uint32_t ssrc) {
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    for (int i = 0; of != NULL && i < of->sinks_count; i++) {
        if (of->sinks[i]->ssrc != ssrc) continue;
        sink_forget(of, i);
        break;
    }
    pthread_mutex_unlock(&p->lock);
}

static bool room_for_sink(source *feed) {
    if (feed->sinks_count < feed->sinks_room) return true;
    int room = feed->sinks_room ? 2 * feed->sinks_room : 2;
    sink **grown = realloc(feed->sinks, sizeof *grown * (size_t)room);
    if (grown == NULL) return false;
    feed->sinks = grown;
    feed->sinks_room = room;
    return true;
}

/* Both ends of a route that can be; false when one is not there or their codecs differ. */
static bool find_route(plane *p, uint32_t sink_peer, uint32_t sink_ssrc, uint32_t source_peer, uint32_t source_ssrc, sink **fed,
                       source **feed) {
    peer *to = find_peer(p, sink_peer), *from = find_peer(p, source_peer);
    *fed = to != NULL ? find_sink(to, sink_ssrc) : NULL;
    *feed = from != NULL ? find_source(from, source_ssrc) : NULL;
    return *fed != NULL && *feed != NULL && (*fed)->codec == (*feed)->codec && room_for_sink(*feed);
}

void plane_route_set(plane *p, uint32_t sink_peer, uint32_t sink_ssrc, uint32_t source_peer, uint32_t source_ssrc) {
    pthread_mutex_lock(&p->lock);
    sink *fed;
    source *feed;
    if (find_route(p, sink_peer, sink_ssrc, source_peer, source_ssrc, &fed, &feed) && (fed->feed != feed || fed->next != NULL)) {
        sink_detach(fed);
        sink_shut(fed);
        fed->feed = feed;
        feed->sinks[feed->sinks_count++] = fed;
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_route_change(plane *p, uint32_t sink_peer, uint32_t sink_ssrc, uint32_t source_peer, uint32_t source_ssrc) {
    pthread_mutex_lock(&p->lock);
    sink *fed;
    source *feed;
    if (find_route(p, sink_peer, sink_ssrc, source_peer, source_ssrc, &fed, &feed) && fed->next != feed) {
        leave(fed, &fed->next);
        if (fed->feed != feed) {
            fed->next = feed;
            feed->sinks[feed->sinks_count++] = fed;
        }
        if (fed->feed == NULL) sink_change(fed);
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_route_clear(plane *p, uint32_t sink_peer, uint32_t sink_ssrc) {
    pthread_mutex_lock(&p->lock);
    peer *to = find_peer(p, sink_peer);
    sink *fed = to != NULL ? find_sink(to, sink_ssrc) : NULL;
    if (fed != NULL) {
        sink_detach(fed);
        sink_shut(fed);
    }
    pthread_mutex_unlock(&p->lock);
}

void plane_keyframe_request(plane *p, uint32_t number, uint32_t ssrc, double now) {
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    source *asked = of != NULL ? find_source(of, ssrc) : NULL;
    if (asked != NULL) request_keyframe(p, asked, now, ORDERED);
    flush(p);
    pthread_mutex_unlock(&p->lock);
}

int plane_source_table(plane *p, plane_source_counters *lines, int capacity) {
    int count = 0;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (const peer *of = p->peers[i]; of != NULL; of = of->next)
            for (int k = 0; k < of->sources_count; k++, count++) {
                const source *s = of->sources[k];
                int64_t lost = reception_lost(&s->reception);
                if (count < capacity)
                    lines[count] = (plane_source_counters){
                        .peer = of->number,
                        .ssrc = s->ssrc,
                        .packets = s->reception.packets,
                        .octets = s->reception.octets,
                        .lost = lost < 0 ? 0 : lost,
                        .jitter_ms = s->reception.jitter * 1000 / s->reception.clock_rate,
                        .last_at = s->reception.last_at,
                        .congested = s->congested_at > 0,
                        .uplink_bps = s->uplink.bps,
                        .uplink_late_s = s->uplink.late_s,
                        .came_bps = s->bursts.came_bps, .sent_bps = s->bursts.sent_bps,
                        .bursts_at = s->bursts.at, .pictures = s->pictures,
                    };
            }
    pthread_mutex_unlock(&p->lock);
    return count;
}

int plane_sink_table(plane *p, plane_sink_counters *lines, int capacity) {
    int count = 0;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (const peer *of = p->peers[i]; of != NULL; of = of->next)
            for (int k = 0; k < of->sinks_count; k++, count++) {
                const sink *s = of->sinks[k];
                if (count < capacity)
                    lines[count] = (plane_sink_counters){
                        .peer = of->number,
                        .ssrc = s->ssrc,
                        .packets = s->packets,
                        .octets = s->octets,
                        .retransmitted = s->retransmitted,
                        .round_trip_ms = s->round_trip * 1000,
                        .lost_fraction = s->lost.share,
                        .reported_at = s->reported_at,
                        .estimate_bps = s->has_estimate ? s->estimate_bps : 0,
                        .receiver_bps = s->has_estimate ? s->receiver_bps : 0,
                        .estimate_at = s->estimate_at,
                        .downlink_bps = s->downlink.bps,
                        .downlink_late_s = s->downlink.late_s,
                        .downlink_at = s->downlink.at,
                        .room_bps = of->checks != NULL ? of->checks->room_bps : 0,
                        .room_at = of->checks != NULL ? of->checks->room_at : 0,
                    };
            }
    pthread_mutex_unlock(&p->lock);
    return count;
}

plane_totals plane_count(plane *p) {
    pthread_mutex_lock(&p->lock);
    plane_totals totals = p->totals;
    pthread_mutex_unlock(&p->lock);
    return totals;
}
