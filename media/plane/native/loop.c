/* The thread: reads the socket in batches, sends in batches, reports each second. Below about 1,000 packets a second it wakes
 * for each; above, it gathers for a millisecond or half as much again, which spares it system calls and lets it fetch memory for many at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

enum {
    BATCH = 64,
    UPS_BYTES = 1 << 20,  /* some 8,000 checks: a second of a worker that is stopped */
    SENTS_BYTES = 512 << 10, /* without a socket: what one call may send */
    REPORT_TURNS = 10,    /* a tenth of the peers each 100 ms */
    GATHER_ABOVE_PPS = 1000,
    PATIENCE = 4,         /* empty gatherings before it sleeps until something comes */
    NICE = -10,           /* before the worker's Python, which may share the core; without the right to it, as everybody */
    SLICE_NS = 1000000,   /* of processor time, as it asks the scheduler for: a whole batch, or Python has the core until the next tick */
    SLACK_NS = 10000,     /* of a millisecond's sleep; the kernel's own is five times that */
};
static const double RATE_WINDOW_S = 0.05, TURN_S = 0.1;
static const double WORTH = 16; /* packets: to wake for less costs more than the packets */
static const double LEAST_GATHER_S = 0.001, MOST_GATHER_S = 0.0015;

double clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- sending --- */

outgoing *out_next(plane *p) {
    if (p->out_count == OUT_BATCH) flush(p);
    return &p->out[p->out_count];
}

void out_commit(plane *p, peer *to, int size) {
    outgoing *out = &p->out[p->out_count++];
    out->to = to->address;
    out->size = size;
    p->totals.packets_out++;
    to->sent_octets += (uint64_t)size;
}

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} sock_address;

static socklen_t write_address(const plane *p, const plane_address *from, sock_address *to) {
    memset(to, 0, sizeof *to);
    if (p->ipv6) {
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons(from->port);
        memcpy(&to->v6.sin6_addr, from->ip, 16);
        return sizeof to->v6;
    }
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(from->port);
    memcpy(&to->v4.sin_addr, from->ip + 12, 4);
    return sizeof to->v4;
}

static void read_address(const sock_address *from, plane_address *to) {
    memset(to, 0, sizeof *to);
    if (from->any.sa_family == AF_INET6) {
        memcpy(to->ip, &from->v6.sin6_addr, 16);
        to->port = ntohs(from->v6.sin6_port);
        return;
    }
    to->ip[10] = to->ip[11] = 0xFF;
    memcpy(to->ip + 12, &from->v4.sin_addr, 4);
    to->port = ntohs(from->v4.sin_port);
}

void flush(plane *p) {
    struct mmsghdr messages[OUT_BATCH];
    struct iovec parts[OUT_BATCH];
    sock_address addresses[OUT_BATCH];
    int count = p->out_count, done = 0;
    p->out_count = 0;
    if (p->socket < 0) {
        for (int i = 0; i < count; i++)
            ring_put(&p->sents, &p->out[i].to, sizeof p->out[i].to, p->out[i].data, p->out[i].size);
        return;
    }
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){p->out[i].data, (size_t)p->out[i].size};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &addresses[i], .msg_iov = &parts[i], .msg_iovlen = 1};
        messages[i].msg_hdr.msg_namelen = write_address(p, &p->out[i].to, &addresses[i]);
    }
    while (done < count) {
        int sent = sendmmsg(p->socket, messages + done, (unsigned)(count - done), MSG_DONTWAIT);
        if (sent > 0) {
            done += sent;
        } else { /* a full buffer is a full link, and late media is worth nothing; an ICMP error concerns an earlier one */
            done++;
            p->totals.unsent++;
        }
    }
}

/* --- receiving --- */

typedef struct {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    sock_address addresses[BATCH];
    plane_address from[BATCH];
    peer *owners[BATCH];
    uint8_t data[BATCH][MAX_DATAGRAM_BYTES + 52] __attribute__((aligned(8)));
} incoming;

/* The first `count` places; those that nothing came into are as they were, and need not be touched. */
static void prepare(incoming *in, int count) {
    for (int i = 0; i < count; i++) {
        in->parts[i] = (struct iovec){in->data[i], MAX_DATAGRAM_BYTES + 1}; /* one more tells what is too long */
        in->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &in->addresses[i], .msg_namelen = sizeof in->addresses[i], .msg_iov = &in->parts[i], .msg_iovlen = 1};
    }
}

/* A batch's peers lie all over the memory, and to wait for each in turn costs more than its packet's decryption: they are asked
 * for together. Their addresses stay theirs while the lock is held. */
static void fetch_ahead(plane *p, incoming *in, int count) {
    peer **owners = in->owners;
    for (int i = 0; i < count; i++) {
        read_address(&in->addresses[i], &in->from[i]);
        owners[i] = peer_at(p, &in->from[i]);
    }
    for (int i = 0; i < count; i++) {
        if (owners[i] == NULL) continue;
        __builtin_prefetch(owners[i]->receive);
        for (int k = 0; k < owners[i]->sources_count && k < 4; k++) __builtin_prefetch(owners[i]->sources[k]);
    }
    for (int i = 0; i < count; i++) {
        for (int k = 0; owners[i] != NULL && k < owners[i]->sources_count && k < 2; k++) {
            const source *from = owners[i]->sources[k];
            __builtin_prefetch(&from->reception, 1);
            if (from->sinks_count == 0) continue;
            __builtin_prefetch(from->sinks[0]);
            __builtin_prefetch(&from->sinks[0]->numbers, 1);
            __builtin_prefetch(from->sinks[0]->peer->send);
        }
    }
}

static int receive(plane *p, incoming *in) {
    int all = 0, count;
    do {
        count = recvmmsg(p->socket, in->messages, BATCH, MSG_DONTWAIT, NULL);
        if (count <= 0) break;
        double now = clock_now();
        pthread_mutex_lock(&p->lock);
        fetch_ahead(p, in, count);
        for (int i = 0; i < count; i++)
            take_datagram(p, in->data[i], (int)in->messages[i].msg_len, &in->from[i], in->owners[i], now);
        flush(p);
        pthread_mutex_unlock(&p->lock);
        prepare(in, count);
        all += count;
    } while (count == BATCH && !__atomic_load_n(&p->stopping, __ATOMIC_RELAXED));
    return all;
}

static void report_turn(plane *p, double now) {
    pthread_mutex_lock(&p->lock);
    p->report_turn = (p->report_turn + 1) % REPORT_TURNS;
    for (int i = 0; i < BUCKETS; i++)
        for (peer *to = p->peers[i]; to != NULL; to = to->next) {
            if (to->number % REPORT_TURNS == p->report_turn) report_to(p, to, now);
            checks_due(p, to, now);
        }
    flush(p);
    pthread_mutex_unlock(&p->lock);
}

/* `up_due` is set by this thread alone. */
static int longest_sleep_ms(const plane *p) {
    double left = p->up_due > 0 ? p->up_due - clock_now() : TURN_S;
    return left > 0 ? (int)ceil((left < TURN_S ? left : TURN_S) * 1000) : 0;
}

static void wake_when_due(plane *p, double now) {
    if (p->up_due > 0 && now >= p->up_due) wake_python(p);
}

/* Of sched_setattr (Linux 3.14), which the C library does not declare. */
typedef struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} sched_attributes;

/* What is refused is not needed. Who asks for a short slice is let in before who has a long one (Linux 6.12; older ones ignore it); whose
 * slice ends in the middle of a batch was seen to wait for 4 ms, twice a second at 60 calls. */
static void hurry(void) {
    id_t own = (id_t)syscall(SYS_gettid);
    setpriority(PRIO_PROCESS, own, NICE);
    sched_attributes wanted = {.size = sizeof wanted, .nice = getpriority(PRIO_PROCESS, own), .runtime = SLICE_NS};
    syscall(SYS_sched_setattr, 0, &wanted, 0);
    prctl(PR_SET_TIMERSLACK, SLACK_NS);
}

/* How long to gather at so many packets a second; 0: not at all. */
static double gathering(double pps) {
    double s = WORTH / pps;
    return pps <= GATHER_ABOVE_PPS ? 0 : s < LEAST_GATHER_S ? LEAST_GATHER_S : s < MOST_GATHER_S ? s : MOST_GATHER_S;
}

/* Sleeps until so long after it last woke, not after its work: who comes first in a batch waits for one, not for two. */
static void gather_more(double gather_s, double *woke) {
    double now = clock_now(), left = gather_s - (now - *woke);
    if (left > 0) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(left * 1e9)}, NULL);
        now = clock_now();
    }
    *woke = now;
}

static void *run(void *given) {
    plane *p = given;
    incoming *in = calloc(1, sizeof *in);
    if (in == NULL) return NULL;
    struct pollfd waits[2] = {{p->socket, POLLIN, 0}, {p->stop_event, POLLIN, 0}};
    double window_at = clock_now(), turn_at = window_at, woke = window_at, gather_s = 0;
    int counted = 0, empty = PATIENCE;
    hurry();
    prepare(in, BATCH);
    while (!__atomic_load_n(&p->stopping, __ATOMIC_RELAXED)) {
        if (gather_s == 0 || empty >= PATIENCE) poll(waits, 2, longest_sleep_ms(p));
        if (gather_s > 0) gather_more(gather_s, &woke);
        int taken = receive(p, in);
        empty = taken > 0 ? 0 : empty + 1;
        counted += taken;
        double now = clock_now();
        wake_when_due(p, now);
        if (now - window_at >= RATE_WINDOW_S) {
            gather_s = gathering(counted / (now - window_at));
            window_at = now;
            counted = 0;
        }
        if (now - turn_at >= TURN_S) {
            turn_at = now;
            report_turn(p, now);
        }
    }
    free(in);
    return NULL;
}

/* --- beginning and end --- */

plane *plane_new(int socket, int up, const plane_srtp *srtp) {
    plane *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->socket = socket;
    p->up = up;
    p->unprotect = (srtp_call)srtp->unprotect;
    p->protect = (srtp_call)srtp->protect;
    p->unprotect_rtcp = (srtp_call)srtp->unprotect_rtcp;
    p->protect_rtcp = (srtp_call)srtp->protect_rtcp;
    p->out = malloc(sizeof *p->out * OUT_BATCH);
    p->stop_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool made = ring_make(&p->ups, UPS_BYTES) && (socket >= 0 || ring_make(&p->sents, SENTS_BYTES)) && p->out != NULL;
    if (pthread_mutex_init(&p->lock, NULL) != 0 || !made || p->stop_event < 0) {
        plane_free(p);
        return NULL;
    }
    sock_address own = {0};
    socklen_t size = sizeof own;
    p->ipv6 = socket >= 0 && getsockname(socket, &own.any, &size) == 0 && own.any.sa_family == AF_INET6;
    return p;
}

bool plane_start(plane *p) {
    p->running = p->socket >= 0 && pthread_create(&p->thread, NULL, run, p) == 0;
    return p->running;
}

void plane_free(plane *p) {
    if (p->running) {
        __atomic_store_n(&p->stopping, 1, __ATOMIC_RELAXED);
        uint64_t one = 1;
        if (write(p->stop_event, &one, sizeof one) < 0) { /* it wakes within a tenth of a second by itself */
        }
        pthread_join(p->thread, NULL);
    }
    forget_everything(p);
    if (p->stop_event >= 0) close(p->stop_event);
    free(p->ups.octets);
    free(p->sents.octets);
    free(p->out);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int plane_take_up(plane *p, plane_up *up, uint8_t *data) {
    pthread_mutex_lock(&p->lock);
    int size = ring_take(&p->ups, up, sizeof *up, data);
    pthread_mutex_unlock(&p->lock);
    return size;
}

/* --- without a socket --- */

void plane_datagram(plane *p, const uint8_t *data, int size, const plane_address *address, double now) {
    uint8_t packet[MAX_DATAGRAM_BYTES + 52] __attribute__((aligned(8)));
    int kept = size < MAX_DATAGRAM_BYTES + 1 ? size : MAX_DATAGRAM_BYTES + 1;
    memcpy(packet, data, (size_t)kept);
    pthread_mutex_lock(&p->lock);
    take_datagram(p, packet, kept, address, peer_at(p, address), now);
    flush(p);
    pthread_mutex_unlock(&p->lock);
}

void plane_report(plane *p, double now) {
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (peer *to = p->peers[i]; to != NULL; to = to->next) {
            report_to(p, to, now);
            checks_due(p, to, now);
        }
    flush(p);
    pthread_mutex_unlock(&p->lock);
}

int plane_take_sent(plane *p, plane_address *to, uint8_t *data) {
    pthread_mutex_lock(&p->lock);
    int size = p->socket < 0 ? ring_take(&p->sents, to, sizeof *to, data) : 0;
    pthread_mutex_unlock(&p->lock);
    return size;
}
