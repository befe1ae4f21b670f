/* Copies of one source's decrypted packets for whoever records, over a connection of its own to the recorder's socket. It never
 * waits and keeps nothing: what the recorder is too slow for is dropped, counted, and told with the next copy that gets through.
 *
 *     magic 0xC7 u8 · version 1 and codec u8 · copies dropped since the last one u16 · stream u32 · arrival in µs u64 · RTP packet
 *
 * SOCK_SEQPACKET: a Unix datagram socket holds ten packets by default, less than one key frame (docs/adr/0031). */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "state.h"

enum {
    TAP_MAGIC = 0xC7,
    TAP_VERSION = 1,
    TAP_BUFFER_BYTES = 512 << 10, /* some three seconds of a call's video; the supervisor ends a recorder that stands still that long */
};

static bool same_path(const tap *t, const char *path) { return strcmp(t->path, path) == 0; }

/* Whether the recorder's end is still there: a recorder that died is found so without a packet. */
static bool tap_alive(const tap *t) {
    char nothing;
    return recv(t->socket, &nothing, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EINTR);
}

bool tap_serves(const tap *t, const char *path, uint32_t stream, uint8_t codec) {
    return same_path(t, path) && t->stream == stream && t->codec == codec && tap_alive(t);
}

tap *tap_open(const char *path, uint32_t stream, uint8_t codec) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to.sun_path) return NULL;
    tap *t = calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    strcpy(to.sun_path, path);
    strcpy(t->path, path);
    t->stream = stream;
    t->codec = codec;
    t->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int room = TAP_BUFFER_BYTES;
    if (t->socket >= 0 && setsockopt(t->socket, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0)
        setsockopt(t->socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (t->socket < 0 || connect(t->socket, (struct sockaddr *)&to, sizeof to) != 0) {
        tap_close(t);
        return NULL;
    }
    return t;
}

void tap_close(tap *t) {
    if (t == NULL) return;
    if (t->socket >= 0) close(t->socket);
    free(t);
}

bool tap_copy(tap *t, const uint8_t *data, int size, double now) {
    struct __attribute__((packed)) {
        uint8_t magic, version_codec;
        uint16_t dropped;
        uint32_t stream;
        uint64_t at_us;
    } head = {TAP_MAGIC, (uint8_t)(TAP_VERSION << 4 | t->codec), htobe16(t->untold), htobe32(t->stream), htobe64((uint64_t)(now * 1e6))};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, (size_t)size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(t->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        t->dropped++;
        if (t->untold < UINT16_MAX) t->untold++;
        return false;
    }
    t->copied++;
    t->untold = 0;
    return true;
}

bool plane_tap_set(plane *p, uint32_t number, uint32_t ssrc, const char *path, uint32_t stream, uint8_t codec) {
    pthread_mutex_lock(&p->lock);
    peer *of = find_peer(p, number);
    source *tapped = of != NULL ? find_source(of, ssrc) : NULL;
    bool serves = tapped != NULL && tapped->tap != NULL && path != NULL && tap_serves(tapped->tap, path, stream, codec);
    pthread_mutex_unlock(&p->lock);
    if (serves || tapped == NULL) return serves;
    tap *t = path != NULL ? tap_open(path, stream, codec) : NULL; /* not under the lock: the loop need not wait for a connection */
    bool opened = t != NULL;
    pthread_mutex_lock(&p->lock);
    of = find_peer(p, number);
    tapped = of != NULL ? find_source(of, ssrc) : NULL;
    if (tapped != NULL) {
        tap *former = tapped->tap;
        tapped->tap = t;
        t = former;
    } else {
        opened = false;
    }
    pthread_mutex_unlock(&p->lock);
    tap_close(t);
    return opened;
}

int plane_tap_table(plane *p, plane_tap_counters *lines, int capacity) {
    int count = 0;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < BUCKETS; i++)
        for (const peer *of = p->peers[i]; of != NULL; of = of->next)
            for (int k = 0; k < of->sources_count; k++) {
                const source *s = of->sources[k];
                if (s->tap == NULL) continue;
                if (count < capacity)
                    lines[count] = (plane_tap_counters){of->number, s->ssrc, s->tap->stream, s->tap->copied, s->tap->dropped};
                count++;
            }
    pthread_mutex_unlock(&p->lock);
    return count;
}
