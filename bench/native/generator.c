#define _GNU_SOURCE
#include "generator.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../media/plane/native/wire.h"

enum {
    MAX_PEERS = 1024,
    MAX_CLIP = 2048,
    MAX_LATENCIES = 1 << 20,
    PACKET_BYTES = 2048,
    STAMP_AT = 24, /* of the payload: behind any descriptor, inside the first partition of our own clip's frames */
    STAMP_BYTES = 12,
    AUDIO_BYTES = 80,
    MAX_LOOKS = 1 << 14,
    PROBE_ROUNDS = 15000, /* some 35 us */
};
static const int64_t AUDIO_NS = 20000000, REPORT_NS = 1000000000, SECOND_NS = 1000000000, LATE_NS = 100000000, LOOK_NS = 20000000;
static const uint32_t STAMP_MARK = 0x4C544E43;

typedef int (*srtp_call)(void *context, void *packet, int *size);

/* What one peer has of a stream that it is sent, for its reports. */
typedef struct {
    bool known;
    uint32_t first, highest, came; /* sequence numbers that count on past 16 bits */
    uint32_t told_expected, told_came;
    uint32_t last_report; /* the middle of its sender's last report's time; 0: none yet */
    int64_t reported_at;
} reception;

typedef struct {
    int fd;
    void *receive, *send;
    generator_stream sends, receives;
    reception has[2]; /* of sound and picture */
    uint16_t audio_sequence, video_sequence, picture;
    uint32_t audio_timestamp, video_timestamp, sent_packets;
    int64_t audio_due, video_due, report_due, clip_began;
    int clip_at;
} peer;

struct generator {
    int up, poll_fd, peers;
    srtp_call unprotect, protect, unprotect_rtcp, protect_rtcp;
    peer peer[MAX_PEERS];
    struct {
        uint8_t data[1200];
        int size;
        bool last;
        int64_t at_ns;
    } clip[MAX_CLIP];
    int64_t clip_ns;
    int clip_size;
    pthread_t thread;
    bool running;
    int stopping, measuring; /* atomic */
    generator_counts counts;
    uint32_t latencies[MAX_LATENCIES];
    int latencies_count;
    int64_t measured_from;
    double cpu_s;
    bool watches;
    clockid_t server_clock;
    generator_look looks[MAX_LOOKS];
    int looks_count;
    int64_t look_due;
};

static int64_t now_ns(clockid_t clock) {
    struct timespec t = {0}; /* of a process that has ended there is no clock */
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

generator *generator_new(int up, const generator_srtp *srtp, int64_t clip_ns) {
    generator *g = calloc(1, sizeof *g);
    if (g == NULL) return NULL;
    g->up = up;
    g->clip_ns = clip_ns;
    g->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    g->unprotect = (srtp_call)srtp->unprotect;
    g->protect = (srtp_call)srtp->protect;
    g->unprotect_rtcp = (srtp_call)srtp->unprotect_rtcp;
    g->protect_rtcp = (srtp_call)srtp->protect_rtcp;
    return g;
}

void generator_clip(generator *g, const uint8_t *payload, int size, bool last, int64_t at_ns) {
    if (g->clip_size == MAX_CLIP || size > (int)sizeof g->clip[0].data) return;
    memcpy(g->clip[g->clip_size].data, payload, (size_t)size);
    g->clip[g->clip_size].size = size;
    g->clip[g->clip_size].at_ns = at_ns;
    g->clip[g->clip_size++].last = last;
}

int generator_peer(generator *g, int fd, void *receive, void *send, generator_stream sends, generator_stream receives) {
    if (g->peers == MAX_PEERS) return -1;
    int one = 1, room = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room); /* the bench runs as root */
    peer *p = &g->peer[g->peers];
    int64_t now = now_ns(CLOCK_MONOTONIC) + SECOND_NS / 50;
    *p = (peer){.fd = fd, .receive = receive, .send = send, .sends = sends, .receives = receives};
    p->audio_sequence = (uint16_t)(rand() & 0x3FFF); /* below 2^15: no receiver guesses a wrong rollover */
    p->video_sequence = (uint16_t)(rand() & 0x3FFF);
    p->audio_due = now + rand() % AUDIO_NS; /* spread, as people are */
    p->clip_began = p->video_due = now + rand() % g->clip_ns; /* nor have they their key frames at one time */
    p->report_due = now + rand() % REPORT_NS;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)g->peers};
    if (epoll_ctl(g->poll_fd, EPOLL_CTL_ADD, fd, &event) != 0) return -1;
    return g->peers++;
}

/* --- sending --- */

static void send_packet(generator *g, peer *p, uint8_t *packet, int size) {
    if (g->protect(p->send, packet, &size) != 0) return;
    if (send(p->fd, packet, (size_t)size, MSG_DONTWAIT) < 0) return;
    p->sent_packets++;
    if (__atomic_load_n(&g->measuring, __ATOMIC_RELAXED)) g->counts.sent++;
}

static int write_head(uint8_t *packet, bool marker, uint32_t type, uint16_t sequence, uint32_t timestamp, uint32_t ssrc) {
    packet[0] = 0x80;
    packet[1] = (uint8_t)((uint32_t)marker << 7 | type);
    put16(packet + 2, sequence);
    put32(packet + 4, timestamp);
    put32(packet + 8, ssrc);
    return 12;
}

static void stamp(uint8_t *payload) {
    put64(payload + STAMP_AT, (uint64_t)now_ns(CLOCK_REALTIME));
    put32(payload + STAMP_AT + 8, STAMP_MARK);
}

static void send_audio(generator *g, peer *p) {
    uint8_t packet[PACKET_BYTES] __attribute__((aligned(8)));
    int at = write_head(packet, false, p->sends.audio_pt, p->audio_sequence++, p->audio_timestamp, p->sends.audio_ssrc);
    memset(packet + at, 0xA5, AUDIO_BYTES);
    packet[at] = 0x78; /* CELT, 20 ms, mono */
    stamp(packet + at);
    p->audio_timestamp += 960;
    send_packet(g, p, packet, at + AUDIO_BYTES);
}

/* One packet of the clip. */
static void send_video(generator *g, peer *p) {
    uint8_t packet[PACKET_BYTES] __attribute__((aligned(8)));
    int index = p->clip_at, size = g->clip[index].size;
    bool last = g->clip[index].last;
    int at = write_head(packet, last, p->sends.video_pt, p->video_sequence++, p->video_timestamp, p->sends.video_ssrc);
    memcpy(packet + at, g->clip[index].data, (size_t)size);
    put16(packet + at + 2, (uint16_t)(0x8000 | (p->picture & 0x7FFF)));
    if (size >= STAMP_AT + STAMP_BYTES) stamp(packet + at);
    if (last) {
        p->picture++;
        p->video_timestamp += 3000;
    }
    send_packet(g, p, packet, at + size);
}

/* When the packet behind the last one is due. What a slow machine made late is caught up, or left out where it is too much. */
static void go_on(const generator *g, peer *p, int64_t now) {
    if (++p->clip_at == g->clip_size) {
        p->clip_at = 0;
        p->clip_began += g->clip_ns;
    }
    int64_t due = p->clip_began + g->clip[p->clip_at].at_ns;
    if (due < now - LATE_NS) p->clip_began += now - due;
    p->video_due = p->clip_began + g->clip[p->clip_at].at_ns;
}

/* RFC 3550, 6.4.1. */
static void write_block(uint8_t *block, uint32_t ssrc, reception *has, int64_t now) {
    put32(block, ssrc);
    if (!has->known) return;
    uint32_t expected = has->highest - has->first + 1, since = expected - has->told_expected, came = has->came - has->told_came;
    uint32_t lost = expected > has->came ? expected - has->came : 0, fraction = since > came ? ((since - came) << 8) / since : 0;
    put32(block + 4, fraction << 24 | (lost & 0x7FFFFF));
    put32(block + 8, has->highest);
    put32(block + 16, has->last_report);
    put32(block + 20, has->last_report ? (uint32_t)((now - has->reported_at) * 65536 / SECOND_NS) : 0);
    has->told_expected = expected;
    has->told_came = has->came;
}

/* What a browser reports each second: how its two streams arrive, and what it can take. */
static void send_report(generator *g, peer *p) {
    uint8_t c[PACKET_BYTES] __attribute__((aligned(8)));
    memset(c, 0, 128);
    int at = 0;
    const uint32_t own[] = {p->sends.audio_ssrc, p->sends.video_ssrc}, far[] = {p->receives.audio_ssrc, p->receives.video_ssrc};
    for (int i = 0; i < 2; i++, at += 52) {
        c[at] = 0x81;
        c[at + 1] = 200;
        put16(c + at + 2, 12);
        put32(c + at + 4, own[i]);
        put64(c + at + 8, (uint64_t)(now_ns(CLOCK_REALTIME) / SECOND_NS + 2208988800LL) << 32);
        put32(c + at + 16, i ? p->video_timestamp : p->audio_timestamp);
        put32(c + at + 20, p->sent_packets);
        write_block(c + at + 28, far[i], &p->has[i], now_ns(CLOCK_MONOTONIC));
    }
    c[at] = 0x80 | 15;
    c[at + 1] = 206;
    put16(c + at + 2, 5);
    put32(c + at + 4, p->sends.video_ssrc);
    memcpy(c + at + 12, "REMB", 4);
    c[at + 16] = 1;
    c[at + 17] = 4 << 2 | 3; /* 0x3FFFF << 4: 4 Mbit/s */
    put16(c + at + 18, 0xFFFF);
    put32(c + at + 20, p->receives.video_ssrc);
    at += 24;
    if (g->protect_rtcp(p->send, c, &at) == 0 && send(p->fd, c, (size_t)at, MSG_DONTWAIT) < 0) return;
}

static int64_t later(int64_t due, int64_t every, int64_t now) { return due + every < now - LATE_NS ? now : due + every; }

/* Sends what is due; returns when something is next. */
static int64_t send_due(generator *g, int64_t now) {
    int64_t next = now + SECOND_NS / 200;
    for (int i = 0; i < g->peers; i++) {
        peer *p = &g->peer[i];
        if (now >= p->audio_due) {
            send_audio(g, p);
            p->audio_due = later(p->audio_due, AUDIO_NS, now);
        }
        while (now >= p->video_due && g->clip_size > 0) {
            send_video(g, p);
            go_on(g, p, now);
        }
        if (now >= p->report_due) {
            send_report(g, p);
            p->report_due = later(p->report_due, REPORT_NS, now);
        }
        if (p->audio_due < next) next = p->audio_due;
        if (p->video_due < next) next = p->video_due;
    }
    return next;
}

/* --- receiving --- */

static reception *reception_of(peer *p, uint32_t ssrc) {
    if (ssrc == p->receives.audio_ssrc) return &p->has[0];
    return ssrc == p->receives.video_ssrc ? &p->has[1] : NULL;
}

static void count(peer *p, const uint8_t *packet) {
    reception *has = reception_of(p, get32(packet + 8));
    uint16_t sequence = get16(packet + 2);
    if (has == NULL) return;
    if (!has->known) *has = (reception){.known = true, .first = sequence, .highest = sequence};
    int16_t ahead = (int16_t)(uint16_t)(sequence - (uint16_t)has->highest);
    if (ahead > 0) has->highest += (uint32_t)ahead;
    has->came++;
}

/* When the senders of what it is sent last reported: by that its own reports tell the round trip. */
static void read_reports(peer *p, const uint8_t *compound, int size) {
    for (int at = 0; at + 28 <= size; at += 4 + 4 * get16(compound + at + 2)) {
        reception *has = compound[at + 1] == 200 ? reception_of(p, get32(compound + at + 4)) : NULL;
        if (has == NULL) continue;
        has->last_report = (uint32_t)(get64(compound + at + 8) >> 16);
        has->reported_at = now_ns(CLOCK_MONOTONIC);
    }
}

static void note(generator *g, const uint8_t *packet, int size, int64_t arrived) {
    int at = 12 + 4 * (packet[0] & 0x0F);
    if (packet[0] & 0x10) at += size >= at + 4 ? 4 + 4 * get16(packet + at + 2) : size;
    if (size < at + STAMP_AT + STAMP_BYTES || get32(packet + at + STAMP_AT + 8) != STAMP_MARK) return;
    int64_t sent = (int64_t)get64(packet + at + STAMP_AT);
    if (sent < g->measured_from || g->latencies_count == MAX_LATENCIES) return;
    int64_t micros = (arrived - sent) / 1000;
    g->latencies[g->latencies_count++] = (uint32_t)(micros < 0 ? 0 : micros);
}

static void take(generator *g, int index, uint8_t *packet, int size, int64_t arrived) {
    peer *p = &g->peer[index];
    bool media = size >= 12 && packet[0] >= 128 && packet[0] < 192;
    if (!media) {
        uint8_t up[PACKET_BYTES + 4];
        memcpy(up, &(int32_t){index}, 4);
        memcpy(up + 4, packet, (size_t)size);
        if (send(g->up, up, (size_t)size + 4, MSG_DONTWAIT) < 0) return;
        return;
    }
    bool control = packet[1] >= 192 && packet[1] < 224;
    bool measuring = __atomic_load_n(&g->measuring, __ATOMIC_RELAXED);
    if ((control ? g->unprotect_rtcp : g->unprotect)(control ? p->receive : p->receive, packet, &size) != 0) {
        if (measuring) g->counts.refused++;
        return;
    }
    if (control) {
        read_reports(p, packet, size);
        if (measuring) g->counts.reports++;
        return;
    }
    count(p, packet);
    if (measuring) {
        g->counts.received++;
        note(g, packet, size, arrived);
    }
}

static int64_t arrival(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
        struct timespec t;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
    }
    return now_ns(CLOCK_REALTIME);
}

static void receive(generator *g, int index) {
    for (int i = 0; i < 16; i++) {
        uint8_t packet[PACKET_BYTES] __attribute__((aligned(8))), control[128];
        struct iovec part = {packet, sizeof packet - 64};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(g->peer[index].fd, &message, MSG_DONTWAIT);
        if (size <= 0) return;
        take(g, index, packet, (int)size, arrival(&message));
    }
}

/* --- the machine --- */

static uint32_t probe(void) {
    int64_t began = now_ns(CLOCK_THREAD_CPUTIME_ID);
    volatile uint64_t kept;
    uint64_t x = 88172645463325252ULL; /* xorshift: each round waits for the one before, and none for memory */
    for (int i = 0; i < PROBE_ROUNDS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    kept = x;
    (void)kept;
    return (uint32_t)(now_ns(CLOCK_THREAD_CPUTIME_ID) - began);
}

static void look(generator *g) {
    int64_t now = now_ns(CLOCK_MONOTONIC);
    bool measuring = __atomic_load_n(&g->measuring, __ATOMIC_ACQUIRE);
    if (!g->watches || !measuring || now < g->look_due || g->looks_count == MAX_LOOKS) return;
    g->look_due = now + LOOK_NS;
    generator_look *to = &g->looks[g->looks_count];
    *to = (generator_look){now, now_ns(g->server_clock), g->counts.sent, g->counts.received, (uint32_t)g->latencies_count, 0};
    to->probe_ns = probe(); /* after the rest, so that it delays nothing of it */
    __atomic_store_n(&g->looks_count, g->looks_count + 1, __ATOMIC_RELEASE);
}

bool generator_watch(generator *g, int pid) {
    g->watches = clock_getcpuclockid(pid, &g->server_clock) == 0;
    return g->watches;
}

int generator_looks(generator *g, generator_look *looks, int capacity) {
    int there = __atomic_load_n(&g->looks_count, __ATOMIC_ACQUIRE), count = there < capacity ? there : capacity;
    memcpy(looks, g->looks, sizeof *looks * (size_t)count);
    return count;
}

static void *run(void *given) {
    generator *g = given;
    struct epoll_event events[64];
    while (!__atomic_load_n(&g->stopping, __ATOMIC_RELAXED)) {
        int64_t wait = send_due(g, now_ns(CLOCK_MONOTONIC)) - now_ns(CLOCK_MONOTONIC);
        struct timespec limit = {.tv_nsec = wait > 0 ? (long)wait : 0};
        int count = epoll_pwait2(g->poll_fd, events, 64, &limit, NULL);
        for (int i = 0; i < count; i++) receive(g, (int)events[i].data.u32);
        look(g);
        g->cpu_s = (double)now_ns(CLOCK_THREAD_CPUTIME_ID) * 1e-9;
    }
    return NULL;
}

bool generator_start(generator *g) {
    g->running = pthread_create(&g->thread, NULL, run, g) == 0;
    return g->running;
}

void generator_measure(generator *g, bool on) {
    if (on) {
        g->counts = (generator_counts){0};
        g->latencies_count = g->looks_count = 0;
        g->measured_from = now_ns(CLOCK_REALTIME);
    }
    __atomic_store_n(&g->measuring, on, __ATOMIC_RELEASE);
}

generator_counts generator_count(generator *g) { return g->counts; }
double generator_cpu_s(generator *g) { return g->cpu_s; }

int generator_latencies(generator *g, uint32_t *microseconds, int capacity) {
    int count = g->latencies_count < capacity ? g->latencies_count : capacity;
    memcpy(microseconds, g->latencies, sizeof *microseconds * (size_t)count);
    return g->latencies_count;
}

void generator_free(generator *g) {
    __atomic_store_n(&g->stopping, 1, __ATOMIC_RELAXED);
    if (g->running) pthread_join(g->thread, NULL);
    close(g->poll_fd);
    free(g);
}
