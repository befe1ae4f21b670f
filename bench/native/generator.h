/* Many browsers' worth of encrypted media from one thread (cffi reads this file, without the lines that begin with #).
 *
 * Each peer has a socket of its own, connected by ICE and DTLS before it comes here. It sends Opus-sized audio at 50 packets a
 * second and a recorded VP8 clip over and over, reports once a second as browsers do, and notes when each packet arrives
 * by the kernel's clock. What is no media goes up to Python, which keeps ICE's consent alive.
 */
#ifndef CONSILIUM_GENERATOR_H
#define CONSILIUM_GENERATOR_H
#include <stdbool.h>
#include <stdint.h>

typedef struct generator generator;
typedef struct { void *unprotect, *protect, *unprotect_rtcp, *protect_rtcp; } generator_srtp;
typedef struct { uint32_t audio_ssrc, video_ssrc, audio_pt, video_pt; } generator_stream;
typedef struct { uint64_t sent, received, refused, reports; } generator_counts;

/* `up` is a datagram socket: each message is the peer's number (4 octets, host order) and the datagram. The clip begins again
 * each `clip_ns` nanoseconds. */
generator *generator_new(int up, const generator_srtp *srtp, int64_t clip_ns);

/* The clip's packets in order: RTP payloads with a VP8 descriptor whose PictureID has 15 bits; `last` ends a frame, `at_ns` is
 * when it is sent, in nanoseconds since the clip began. */
void generator_clip(generator *g, const uint8_t *payload, int size, bool last, int64_t at_ns);

/* `fd` stays the caller's. `receives` names the SSRCs under which this peer is sent media, for its reports. Returns its number. */
int generator_peer(generator *g, int fd, void *receive, void *send, generator_stream sends, generator_stream receives);

bool generator_start(generator *g);

/* From now on latencies and counts are kept (true), or no more (false). */
void generator_measure(generator *g, bool on);
generator_counts generator_count(generator *g);

/* Copies at most `capacity` latencies in microseconds; returns how many there are. */
int generator_latencies(generator *g, uint32_t *microseconds, int capacity);
double generator_cpu_s(generator *g);

/* While it measures it looks up every 20 ms: what `server_cpu_ns` of processor time the process `pid` has had, what was sent and
 * received, how many latencies there are, and how many nanoseconds the same piece of arithmetic took: a machine whose clock others, heat or
 * its owner's limits hold down takes longer. Call it before the thread starts. */
typedef struct { int64_t at_ns, server_cpu_ns; uint64_t sent, received; uint32_t latencies, probe_ns; } generator_look;
bool generator_watch(generator *g, int pid);
int generator_looks(generator *g, generator_look *looks, int capacity);
void generator_free(generator *g);
#endif
