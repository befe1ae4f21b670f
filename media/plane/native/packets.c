/* One datagram in: demultiplexed (RFC 7983), decrypted, and passed on to every sink of its source, renumbered. */
#include <endian.h>
#include <unistd.h>

#include "state.h"

typedef enum { TO_PYTHON, RTP, RTCP, NOTHING } protocol;

static protocol classify(const uint8_t *data, int size) {
    if (size < 2 || size > MAX_DATAGRAM_BYTES) return NOTHING;
    if (data[0] < 4 || (data[0] >= 20 && data[0] < 64)) return TO_PYTHON; /* STUN, DTLS */
    if (data[0] < 128 || data[0] >= 192) return NOTHING;
    /* RFC 5761, 4: RTCP packet types 192 to 223 are RTP payload types 64 to 95 with the marker, which nobody uses. */
    return data[1] >= 192 && data[1] < 224 ? RTCP : RTP;
}

static const double CALM_UP_S = 0.05; /* a cold Python costs more than what it does; Firefox asks again after a tenth of a second */
static const double IDLE_S = 1;

void wake_python(plane *p) {
    p->up_due = 0;
    uint64_t one = 1;
    if (p->up >= 0 && write(p->up, &one, sizeof one) < 0) { /* readable already */
    }
}

void hand_up(plane *p, const plane_up *up, const uint8_t *data, int size, bool calm) {
    if (!ring_put(&p->ups, up, sizeof *up, data, size))
        p->totals.up_dropped++;
    else if (!calm || p->socket < 0)
        wake_python(p);
    else if (p->up_due == 0)
        p->up_due = up->at + CALM_UP_S;
}

/* Whether it is a check, or the answer to one, of a peer that is connected, sends nothing, and has this address already: it keeps
 * consent, and who waits for it waits for seconds. Of all addresses alike, since browsers choose the one that answers soonest. */
static bool is_calm(const uint8_t *data, const peer *owner, double now) {
    if (data[0] >= 4) return false;
    return owner != NULL && owner->receive != NULL && now - owner->heard_at >= IDLE_S;
}

/* Whether an SSRC nobody announced may cost a stream in libsrtp. */
static bool may_try(peer *from, uint32_t ssrc) {
    for (int i = 0; i < from->tried_count; i++)
        if (from->tried[i] == ssrc) return true;
    if (from->tried_count == MAX_UNKNOWN_SSRCS) return false;
    from->tried[from->tried_count++] = ssrc;
    return true;
}

/* What is passed on of one packet, taken apart once for all sinks. */
typedef struct {
    rtp_header header;
    const uint8_t *payload;
    int size; /* 0: padding only */
    bool key_start, has_descriptor, has_stamp;
    bool again; /* it was sent again, and its picture's time is over */
    vp8_descriptor descriptor;
    uint8_t stamp[3]; /* abs-send-time on the relay's clock */
    slice audio_level;
} arrived;

static void take_apart(source *from, const uint8_t *data, const rtp_header *header, double now, arrived *a) {
    *a = (arrived){
        .header = *header,
        .payload = data + header->payload_start,
        .size = header->payload_end - header->payload_start,
        .audio_level = rtp_extension(data, header, from->extensions.audio_level),
    };
    if (a->audio_level.size > 16) a->audio_level = (slice){0};
    slice stamp = rtp_extension(data, header, from->extensions.abs_send_time);
    if (stamp.data != NULL && stamp.size == 3) {
        send_clock_translate(&from->peer->clock, stamp.data, now, a->stamp);
        a->has_stamp = true;
    }
    if (from->codec == PLANE_VP8) a->has_descriptor = vp8_parse(a->payload, a->size, &a->descriptor);
    a->key_start = from->codec == PLANE_H264 ? h264_starts_key_frame(a->payload, a->size) : a->has_descriptor && a->descriptor.key_start;
}

/* Whether the packet goes to the sink, with its numbers in `header`. Nothing of a video passes before a key frame. */
static bool admit(plane *p, source *from, sink *to, const arrived *a, rtp_header *header, double now) {
    if (a->size == 0 && (!to->open || numbers_leave_out(&to->numbers, header->sequence))) {
        if (!to->open) request_keyframe(p, from, now, WAITING);
        return false;
    }
    if (!to->open) {
        if (to->video && !a->key_start) {
            request_keyframe(p, from, now, WAITING);
            return false;
        }
        to->pictures.switching = true;
        to->open = true;
    }
    return numbers_accept(&to->numbers, &header->sequence, &header->timestamp, a->again, now);
}

/* Whether of this source nothing passes for now, and nothing is asked for: a queue drains, and it is not the layer that was chosen
 * for it; or its layer flooded the line, and the gate waits for what follows alone. */
static bool holds_back(const sink *to, const source *from, double now) {
    bool drains = now < to->drain_until && (to->next != from || to->tell_at > 0);
    bool is_left = !to->open && to->drain_until > 0 && to->next != NULL;
    return drains || (is_left && to->feed == from);
}

static void pass_on(plane *p, source *from, sink *to, const arrived *a, double now) {
    if (to->peer->send == NULL || !to->peer->has_address) return;
    bool takes_over = to->next == from && a->key_start;
    if (!takes_over) tell_floods(p, to->peer, now);
    if (!takes_over && holds_back(to, from, now)) return;
    if (to->feed != from && a->size > 0 && (!from->video || a->key_start)) sink_change(to);
    if (to->feed != from) {
        request_keyframe(p, from, now, WAITING);
        return;
    }
    rtp_header header = a->header;
    if (!admit(p, from, to, a, &header, now)) return;
    header.payload_type = to->payload_type;
    header.ssrc = to->ssrc;
    const rtp_extension_value values[] = {
        {a->has_stamp ? to->extensions.abs_send_time : 0, {a->stamp, 3}},
        {a->audio_level.data != NULL ? to->extensions.audio_level : 0, a->audio_level},
        {to->mid_size > 0 ? to->extensions.mid : 0, {(const uint8_t *)to->mid, to->mid_size}},
    };
    outgoing *out = out_next(p);
    int size = rtp_write(out->data, &header, values, 3);
    if (size + a->size > MAX_PLAIN_BYTES) {
        p->totals.packets_dropped++;
        return;
    }
    int payload_at = to->repair.ssrc ? size : 0;
    memcpy(out->data + size, a->payload, (size_t)a->size);
    if (a->has_descriptor) vp8_rewrite(&to->pictures, out->data + size, &a->descriptor);
    size += a->size;
    if (to->video && payload_at) history_keep(to, header.sequence, out->data, size, payload_at, now);
    if (p->protect(to->peer->send, out->data, &size) != 0) { /* older than the window: the receiver has given it up long ago */
        p->totals.packets_dropped++;
        return;
    }
    if (to->video && !payload_at) history_keep(to, header.sequence, out->data, size, 0, now);
    to->packets++;
    to->octets += (uint64_t)a->size;
    bool timed = to->video && !a->again;
    if (timed && (!to->has_picture || to->picture != a->header.timestamp)) {
        checks_picture_begins(to->peer, now);
        to->has_picture = true;
        to->picture = a->header.timestamp;
    }
    out_commit(p, to->peer, size);
    if (timed && a->header.marker) checks_picture_ended(p, to->peer, now);
}

/* An authentic packet of an SSRC not set, with the m-line and the layer that it names (RFC 8843, 9.2; RFC 8852). */
static void tell_unknown(plane *p, const peer *from, const uint8_t *data, const rtp_header *header) {
    const uint8_t numbers[] = {from->names.mid, from->names.rid, from->names.repaired_rid};
    uint8_t said[3 * (MAX_NAME_BYTES + 1)];
    int size = 0;
    for (int i = 0; i < 3; i++) {
        slice name = rtp_extension(data, header, numbers[i]);
        if ((i == 0 && name.data == NULL) || name.size > MAX_NAME_BYTES) return;
        if (i > 0) said[size++] = 0;
        if (name.data != NULL) memcpy(said + size, name.data, (size_t)name.size);
        size += name.size;
    }
    plane_up up = {.kind = 2, .peer = from->number, .ssrc = header->ssrc, .payload_type = header->payload_type};
    hand_up(p, &up, said, size, false);
}

/* A decrypted packet of a source, passed on; `again`: one that was missing. */
static void deliver(plane *p, source *from, const uint8_t *data, int size, const rtp_header *header, bool again, double now) {
    if (from->tap != NULL && !tap_copy(from->tap, data, size, now)) p->totals.tap_dropped++;
    arrived a;
    take_apart(from, data, header, now, &a);
    a.again = again;
    if (from->video && header->marker) from->pictures++;
    keyframe_seen(from, header->timestamp, a.key_start, header->marker, now);
    if (from->video && a.has_stamp) {
        if (!again) bursts_arrived(&from->bursts, size, header->timestamp, from->peer->clock.late_s, now);
        uplink_arrived(p, from, size, now);
    }
    for (int i = 0; i < from->sinks_count; i++) pass_on(p, from, from->sinks[i], &a, now);
}

/* A packet sent again becomes what it was (RFC 4588, 4), if that did not come; padding and what else is no news ends here. */
static bool take_repair(plane *p, source *from, uint8_t *data, int size, rtp_header *header, double now) {
    if (header->payload_type != from->repair.payload_type) return false;
    if (header->payload_end - header->payload_start < 2) return true;
    uint16_t sequence = get16(data + header->payload_start);
    if (!arrivals_lack(&from->arrived, sequence)) return true;
    arrivals_note(&from->arrived, sequence);
    uint8_t *packet = data + 2;
    memmove(packet, data, (size_t)header->payload_start);
    packet[1] = (uint8_t)((packet[1] & 0x80) | from->payload_type);
    put16(packet + 2, sequence);
    put32(packet + 8, from->ssrc);
    if (rtp_parse(packet, size - 2, header)) deliver(p, from, packet, size - 2, header, true, now);
    return true;
}

static bool take_rtp(plane *p, peer *from, uint8_t *data, int size, double now) {
    if (size < RTP_HEADER_BYTES) return false;
    uint32_t ssrc = get32(data + 8);
    source *known = find_source(from, ssrc);
    source *repaired = known == NULL ? find_repaired(from, ssrc) : NULL;
    if (known == NULL && repaired == NULL && !may_try(from, ssrc)) return false;
    int octets = size;
    if (p->unprotect(from->receive, data, &size) != 0) return false;
    rtp_header header;
    if (!rtp_parse(data, size, &header)) return false;
    from->heard_at = now;
    if (repaired != NULL) return take_repair(p, repaired, data, size, &header, now);
    if (known == NULL) tell_unknown(p, from, data, &header);
    if (known == NULL || header.payload_type != known->payload_type) return false;
    reception_received(&known->reception, header.sequence, header.timestamp, octets, now);
    if (known->repair.payload_type != 0) arrivals_note(&known->arrived, header.sequence);
    deliver(p, known, data, size, &header, false, now);
    return true;
}

/* The peer that an unowned address's packet may be of, by the SSRC it names; decrypting it will prove or disprove it. */
static peer *stray(plane *p, protocol of, const uint8_t *data, int size, double now) {
    int at = of == RTP ? 8 : 4;
    peer *maybe = size >= at + 4 ? peer_of_ssrc(p, get32(data + at)) : NULL;
    if (maybe == NULL) return NULL;
    if (now - maybe->strays_since >= 1) {
        maybe->strays = 0;
        maybe->strays_since = now;
    }
    return maybe->strays++ < STRAYS_PER_S ? maybe : NULL;
}

static void heard_from(plane *p, peer *of, const plane_address *address, bool owned) {
    if (owned && of->has_heard_from && same_address(&of->heard_from, address)) return;
    of->heard_from = *address;
    of->has_heard_from = true;
    plane_up up = {.kind = 3, .address = *address, .peer = of->number};
    if (!owned) hand_up(p, &up, (const uint8_t *)"", 1, false);
}

void take_datagram(plane *p, uint8_t *data, int size, const plane_address *from, peer *owner, double now) {
    p->totals.packets_in++;
    protocol of = classify(data, size);
    if (of == TO_PYTHON) {
        if (owner != NULL && checks_answered(p, owner, data, size, now)) return;
        plane_up up = {.kind = 1, .address = *from, .at = now};
        hand_up(p, &up, data, size, is_calm(data, owner, now));
        return;
    }
    if (of == NOTHING) owner = NULL;
    peer *known = owner != NULL || of == NOTHING ? owner : stray(p, of, data, size, now);
    bool taken = known != NULL && known->receive != NULL &&
                 (of == RTP ? take_rtp(p, known, data, size, now) : take_rtcp(p, known, data, size, now));
    if (taken) heard_from(p, known, from, owner != NULL);
    if (!taken) p->totals.packets_dropped++;
}
