/* What the loop keeps of peers, sources and sinks. One mutex guards all of it; the loop holds it for one batch at a time. */
#ifndef CONSILIUM_STATE_H
#define CONSILIUM_STATE_H

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "h264.h"
#include "numbers.h"
#include "plane.h"
#include "rtcp.h"
#include "rtp.h"
#include "vp8.h"

enum {
    MAX_DATAGRAM_BYTES = 1500,
    MAX_PLAIN_BYTES = 1456,  /* and libsrtp's 16: a UDP payload that Ethernet carries whole */
    OUT_BYTES = MAX_PLAIN_BYTES + 64,
    MAX_STREAMS = 64,        /* sources, and sinks, of one peer */
    MAX_UNKNOWN_SSRCS = 16,  /* each SSRC that libsrtp tries costs it a stream; a browser uses about four */
    STRAYS_PER_S = 20,       /* tried for one peer: a second of sound is enough to be found by, and forging them costs no more */
    BUCKETS = 4096,
    HISTORY_PACKETS = 128,   /* about a second of video: what a NACK may still ask for */
    HISTORY_BYTES = 96 << 10,
    MARKS = 64,              /* of when each sixteenth packet was sent: a queue may be longer than the history */
    MARK_EVERY = 16,
    ASKED = 128,
    REPORTS_KEPT = 4,
    MAX_NAME_BYTES = 16,     /* of a mid or a rid in a packet */
    CNAME_BYTES = MAX_CNAME_BYTES + 1,
    ROOMS_KEPT = 6,
    CHECKS_KEPT = 8,         /* connectivity checks signed beforehand, each with a transaction of its own */
    MAX_CHECK_BYTES = 400,   /* a user name may have 256 characters on each side; browsers' have four */
};

typedef struct source source;
typedef struct sink sink;
typedef struct peer peer;

/* Octets that may be spent now (bucket.c). */
typedef struct {
    double octets, at; /* at 0: nothing was spent yet, and it is full */
} bucket;

/* The last packets of a video sink, whole in one ring; `head` counts octets ever written. Kept as ciphertext where they are sent
 * again as they were, which costs no crypto; plain where the receiver has a stream of its own for them (RFC 4588). */
typedef struct {
    uint64_t head;
    uint16_t newest;
    struct {
        uint16_t sequence;
        double at; /* 0: none */
    } marks[MARKS];
    struct sent {
        uint64_t at; /* of its octets in the count; 0: none */
        uint16_t sequence, size;
        uint8_t payload_at; /* of a plain packet; 0: ciphertext */
        bool again; /* it was sent again */
        double sent_at;
    } sent[HISTORY_PACKETS];
    uint8_t octets[HISTORY_BYTES];
} history;

typedef struct {
    int socket;
    uint32_t stream;
    uint8_t codec;
    uint16_t untold; /* copies dropped that the recorder does not know of */
    uint64_t copied, dropped;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
} tap;

/* The last REMB sent. */
typedef struct {
    uint64_t bps;
    double at;
} told_limit;
/* A queue on a sender's way here (uplink.c). */
typedef struct {
    double window_at, least, late_s;
    uint64_t octets, bps; /* bps: what the link carries while there is a queue; 0: there is none */
    int late_windows, calm_windows;
} uplink_queue;

/* How fast a sender's pictures come, and how fast they were sent (bursts.c). */
typedef struct {
    bool known;
    uint32_t timestamp; /* of the picture that comes now */
    double first_at, first_late, last_at, last_late;
    uint64_t octets; /* of it, after its first packet */
    double since, came_s, sent_s;
    uint64_t counted;
    uint64_t came_bps, sent_bps;
    double at; /* when these were so; 0: never */
} bursts;

/* A queue before a receiver (downlink.c). */
typedef struct {
    bool reported;
    uint32_t highest; /* of the last report that was compared, as what follows */
    int32_t lost;
    uint64_t packets, octets, size; /* size: of a packet on the wire */
    double at, late_s;
    int late_reports;
    uint64_t bps; /* what the link carries while there is a queue; 0: there is none */
    uint64_t firm_bps; /* the same, by what checks counted before the queue was deep; 0: not known */
} downlink_queue;

/* What a receiver has not got of one stream, over a second. */
typedef struct {
    bool reported;
    uint32_t highest;
    int32_t lost;
    double at, share;
} losses;

/* What a receiver asks for again for the first time (flood.c). */
typedef struct {
    bool known;
    int64_t before, highest, missed; /* missed: of those after `before`, up to `highest` */
    double since;
} flood;

/* Connectivity checks that go through what stands before a receiver (checks.c). */
typedef struct {
    uint8_t request[MAX_CHECK_BYTES];
    int size;
    double sent_at;  /* 0: none is under way */
    uint64_t octets; /* sent to the peer before it */
    double picture_at; /* when the picture that it follows began; 0: it follows none */
    uint64_t octets_before; /* sent before that picture */
} line_check;

/* What the line let through of one picture, and when that got known. */
typedef struct {
    uint64_t bps;
    double at; /* 0: never */
} line_room;

typedef struct {
    int count, next, late_answers, calm_answers;
    double sent_at, answered_at, late_s;
    uint64_t looked_at_octets; /* sent to the peer when it was last looked at */
    uint64_t bps;              /* what the line carries of everything while there is a queue; 0: there is none */
    uint64_t firm_bps;         /* the same, by what was counted before the queue was deep */
    double base_at;            /* when one was last answered in time, or at least lately; 0: never */
    uint64_t octets;           /* sent before that one */
    double watched_at;         /* when a picture last flowed to the peer */
    double picture_at;         /* when one last began to be sent; 0: not known */
    uint64_t picture_octets;   /* sent before that */
    int next_room;
    line_room rooms[ROOMS_KEPT];
    uint64_t room_bps; /* what the line carries at least; 0: not known */
    double room_at;    /* when that was so */
    line_check kept[CHECKS_KEPT];
} line_checks;

struct source {
    peer *peer;
    uint32_t ssrc;
    plane_codec codec;
    bool video;
    uint8_t payload_type;
    plane_extensions extensions;
    plane_repair repair;
    arrivals arrived; /* of a source that is repaired */
    sink **sinks; /* those it feeds, and those that wait for its key frame */
    int sinks_count, sinks_room;
    reception reception;
    double keyframe_asked_at, keyframe_tried_at; /* tried: asked for though it may be in vain */
    double keyframe_at;                 /* when the last one began; 0: none did */
    bool keyframe_begun, keyframe_came; /* a whole one, since it was last asked for */
    uint32_t keyframe_timestamp;
    told_limit limit;
    uint64_t cap_bps;    /* what the sender was told otherwise; 0: nothing */
    uint64_t least_bps;  /* of the receivers' estimates, when one last came */
    double least_at;
    double congested_at; /* since when they can take less than is sent; 0: they can */
    bool congested_free; /* it had no cap then */
    uint32_t last_report; /* middle 32 bits of the last sender report's NTP time (RFC 3550, 6.4.1) */
    double last_report_at;
    uint8_t lost_fraction; /* of 256, of what came in the last second */
    struct {
        uint16_t sequence;
        double at;
    } asked[ASKED]; /* upstream, by NACK */
    int asked_next;
    bucket asks; /* what may be asked for again now */
    uint64_t rate_bps, measured_octets;
    double measured_at;
    uplink_queue uplink;
    bursts bursts;
    uint64_t pictures; /* that ended */
    int64_t lost_before; /* when the queue on its way began */
    tap *tap;
};

struct sink {
    peer *peer;
    source *feed, *next; /* `next` takes over with its key frame */
    uint32_t ssrc;
    plane_codec codec;
    bool video, open;
    uint8_t payload_type;
    plane_extensions extensions;
    plane_repair repair;
    uint16_t repair_sequence;
    char cname[CNAME_BYTES], mid[MAX_NAME_BYTES];
    int mid_size;
    out_numbers numbers;
    vp8_numbers pictures;
    bool has_picture;
    uint32_t picture; /* the timestamp, at its source, of what was last passed on */
    history *history; /* of video, from the first packet on */
    uint64_t packets, octets, retransmitted;
    bool has_estimate;
    uint64_t estimate_bps; /* this source's part of the receiver's REMB */
    double estimate_at, estimate_first_at;
    uint64_t receiver_bps; /* the whole of that REMB */
    uint64_t repeated; /* of those retransmitted, the second and later times */
    downlink_queue downlink;
    double drain_until; /* nothing is sent while a queue stands before the receiver */
    double tell_at;     /* when Python is to choose another layer meanwhile, after a flood; 0: it need not, or was told */
    bucket resends; /* what may be sent again now */
    struct {
        uint32_t last_report;
        double at;
    } reports[REPORTS_KEPT]; /* sender reports passed on, for the round trip */
    int reports_next;
    double round_trip; /* seconds; 0: not known */
    losses lost;
    flood flood;
    double reported_at; /* by the receiver */
};

struct peer {
    uint32_t number, own_ssrc;
    plane_extensions names;
    bool has_address;
    plane_address address;
    void *receive, *send; /* srtp_t */
    source *sources[MAX_STREAMS];
    sink *sinks[MAX_STREAMS];
    int sources_count, sinks_count;
    uint32_t tried[MAX_UNKNOWN_SSRCS];
    int tried_count;
    double heard_at;
    bool has_heard_from;
    plane_address heard_from;
    int strays;
    double strays_since;
    send_clock clock;
    double trip; /* of a connectivity check and its answer, the least of late; 0: not known */
    uint64_t sent_octets;
    line_checks *checks; /* NULL: none were given */
    told_limit limit; /* of a peer that sends several layers */
    double heeded_at; /* when it was last asked for a key frame of any picture, and listened; 0: never */
    double tell_at;   /* not before this is one of its sinks' floods told; 0: there is none */
    peer *next; /* of the same bucket */
};

typedef struct address_entry {
    plane_address address;
    peer *peer;
    struct address_entry *next;
} address_entry;

typedef struct ssrc_entry {
    uint32_t ssrc;
    peer *peer;
    struct ssrc_entry *next;
} ssrc_entry;

/* A bounded queue of datagrams with a head each, oldest first; a full one takes nothing. */
typedef struct {
    uint8_t *octets;
    int room, first, used;
} ring;

bool ring_make(ring *r, int room);
bool ring_put(ring *r, const void *head, int head_size, const uint8_t *data, int size);
int ring_take(ring *r, void *head, int head_size, uint8_t *data);

typedef int (*srtp_call)(void *context, void *packet, int *size);

typedef struct {
    plane_address to;
    int size;
    uint8_t data[OUT_BYTES] __attribute__((aligned(8)));
} outgoing;

enum { OUT_BATCH = 128 };

struct plane {
    pthread_mutex_t lock;
    pthread_t thread;
    bool running;
    int stopping; /* atomic */
    int socket, up, stop_event;
    bool ipv6; /* of the socket */
    srtp_call unprotect, protect, unprotect_rtcp, protect_rtcp;
    peer *peers[BUCKETS];
    int peers_count;
    address_entry *addresses[BUCKETS];
    ssrc_entry *ssrcs[BUCKETS]; /* of sources, for packets from addresses that nobody owns */
    ring ups, sents;
    double up_due; /* when Python is to be woken for what waits; 0: nothing waits, or it has been */
    plane_totals totals;
    outgoing *out;
    int out_count;
    double reported_at;
    uint32_t report_turn;
};

/* tables.c */
peer *find_peer(plane *p, uint32_t number);
peer *peer_at(plane *p, const plane_address *address);
peer *peer_of_ssrc(plane *p, uint32_t ssrc);
bool same_address(const plane_address *a, const plane_address *b);
source *find_source(peer *of, uint32_t ssrc);
source *find_repaired(peer *of, uint32_t ssrc); /* by the SSRC of its retransmissions */
sink *find_sink(peer *of, uint32_t ssrc);
void sink_detach(sink *s);
void sink_change(sink *s);
void sink_shut(sink *s); /* closes the gate until the next source's key frame */
void forget_everything(plane *p);

/* packets.c */
void take_datagram(plane *p, uint8_t *data, int size, const plane_address *from, peer *owner, double now); /* who has that address, or NULL */
void hand_up(plane *p, const plane_up *up, const uint8_t *data, int size, bool calm); /* calm: within CALM_UP_S */
void wake_python(plane *p);

/* feedback.c */
bool take_rtcp(plane *p, peer *from, uint8_t *data, int size, double now);
typedef enum { NEEDED, WAITING, ORDERED } keyframe_reason; /* by a receiver; by a closed gate; by Python, for a copy or for who just came */
void request_keyframe(plane *p, source *of, double now, keyframe_reason reason);
void keyframe_seen(source *of, uint32_t timestamp, bool begins, bool ends, double now);
void report_to(plane *p, peer *to, double now);
void send_compound(plane *p, peer *to, compound *c);

/* limits.c */
void take_remb(plane *p, peer *from, const rtcp_packet *packet, double now);
void tell_limit(plane *p, source *to, double now);
bool is_layered(const source *one); /* whether it is one of several layers of a picture that flow, or could */

/* bursts.c */
void bursts_arrived(bursts *b, int octets, uint32_t timestamp, double late_s, double now);

/* uplink.c */
void uplink_forget(peer *of); /* the path is another one */
void uplink_arrived(plane *p, source *of, int octets, double now);
void uplink_aged(source *of, double now); /* to be asked each second: of what is not sent any more no queue is known */
uint64_t uplink_limit(const source *of);
bool uplink_is_deep(const source *of);
void start_draining(sink *s, uint64_t part, double now);

/* downlink.c */
void losses_reported(losses *l, const report_block *block, double now);
bool downlink_reported(sink *s, const report_block *block, double now); /* whether it told of a queue, or of its end */
bool downlink_silent(sink *s, double now); /* to be asked each second: whether the receiver has not said a word for too long */
uint64_t downlink_bps(const sink *s, double now);
uint64_t downlink_limit(const sink *s, double now);
bool downlink_is_full(const sink *s, double now);
bool downlink_is_troubled(const sink *s, double now); /* the ladder must look at it */
bool drain(sink *s, double lasts, double now); /* whether it may, so soon after the last time */
void tell_floods(plane *p, peer *of, double now); /* has Python choose among layers once there is room for a key frame */

/* checks.c */
void checks_due(plane *p, peer *of, double now); /* to be called each tenth of a second */
void checks_picture_begins(peer *of, double now);           /* its first packet is about to be sent */
void checks_picture_ended(plane *p, peer *of, double now); /* its last one was: a check follows it, if one is due */
bool checks_answered(plane *p, peer *from, const uint8_t *data, int size, double now); /* whether it was an answer to one of these */
bool checks_see(const peer *of, double now); /* whether they tell more of its line than reports do */
void checks_forget(peer *of);                /* the path is another one */

/* flood.c */
double flood_missed(flood *f, int64_t number, double now); /* the share that is lost, where that is a flood; else 0 */
bool flood_is_young(const flood *f, double now);           /* it is not known yet whether it is one */

/* bucket.c */
bool bucket_take(bucket *b, double rate, double least, double octets, double now); /* of `rate` octets a second, `least` at once; false: not now */

/* history.c */
void history_free(history *gone);
void history_keep(sink *s, uint16_t sequence, const uint8_t *data, int size, int payload_at, double now);
struct sent *history_find(history *h, uint16_t sequence);
double history_under_way(const history *h, uint16_t highest); /* how long it took to send what came after it, as far as it is kept */
const uint8_t *history_octets(const history *h, const struct sent *kept);
bool history_is_stale(const sink *s, uint16_t sequence, double now); /* last sent too long ago to be sent again */
bool resend(plane *p, sink *s, struct sent *kept, double now); /* false: never again, it was lost too often; else now or later */

/* tap.c */
tap *tap_open(const char *path, uint32_t stream, uint8_t codec); /* NULL when nobody listens there */
void tap_close(tap *t);                                          /* NULL is none */
bool tap_serves(const tap *t, const char *path, uint32_t stream, uint8_t codec);
bool tap_copy(tap *t, const uint8_t *data, int size, double now); /* false when it was dropped */

/* loop.c */
outgoing *out_next(plane *p);           /* a place for one datagram; sends what waits when there is none */
void out_commit(plane *p, peer *to, int size);
void flush(plane *p);
double clock_now(void);

#endif
