/* The packet loop as Python sees it (cffi reads this file, without the lines that begin with #).
 *
 * Peers are numbers given by the caller. Orders about what is unknown are ignored: the loop may be ahead. Every function but
 * plane_new and plane_free may be called from any thread; none keeps a pointer that it was given but the SRTP sessions, which
 * must live until plane_peer_remove has returned for their peer. Times are seconds of CLOCK_MONOTONIC.
 */
#ifndef CONSILIUM_PLANE_H
#define CONSILIUM_PLANE_H
#include <stdbool.h>
#include <stdint.h>

typedef struct plane plane;

/* An IPv4 address is written as IPv6 (::ffff:a.b.c.d); the port is a plain number. */
typedef struct { uint8_t ip[16]; uint16_t port; } plane_address;

/* Numbers of header extensions, 0 where not negotiated. */
typedef struct { uint8_t abs_send_time, audio_level, mid, rid, repaired_rid; } plane_extensions;

/* What a stream holds; a sink can be fed only with its own codec. */
typedef enum { PLANE_OPUS, PLANE_VP8, PLANE_H264 } plane_codec;

/* A stream of retransmissions beside another (RFC 4588); `ssrc` 0: none (of a source: not known yet). */
typedef struct { uint32_t ssrc; uint8_t payload_type; uint16_t first_sequence; } plane_repair;

/* srtp_unprotect, srtp_protect, srtp_unprotect_rtcp, srtp_protect_rtcp of one libsrtp (version 2: context, packet, length). */
typedef struct { void *unprotect, *protect, *unprotect_rtcp, *protect_rtcp; } plane_srtp;

typedef struct { uint32_t peer, ssrc; uint64_t packets, octets; int64_t lost; double jitter_ms, last_at; bool congested; uint64_t uplink_bps; double uplink_late_s; uint64_t came_bps, sent_bps; double bursts_at; uint64_t pictures; } plane_source_counters;
typedef struct { uint32_t peer, ssrc; uint64_t packets, octets, retransmitted; double round_trip_ms, lost_fraction, reported_at; uint64_t estimate_bps, receiver_bps; double estimate_at; uint64_t downlink_bps; double downlink_late_s, downlink_at; uint64_t room_bps; double room_at; } plane_sink_counters;
typedef struct { uint32_t peer, ssrc, stream; uint64_t copied, dropped; } plane_tap_counters;
typedef struct { uint64_t packets_in, packets_out, packets_dropped, unsent, up_dropped, tap_dropped; } plane_totals;

/* `socket` is a bound datagram socket, which stays the caller's; -1: nothing is read, and what is sent is kept for plane_take_sent.
 * `up` is an eventfd, made readable when there is something for plane_take_up; -1: none. NULL when memory or threads are short. */
plane *plane_new(int socket, int up, const plane_srtp *srtp);

/* Starts the thread; false when it cannot be. */
bool plane_start(plane *p);

/* Stops the thread and forgets everything. */
void plane_free(plane *p);

/* By mid, rid and repaired_rid of `names` packets of SSRCs not set say what they are. */
void plane_peer_add(plane *p, uint32_t peer, uint32_t own_ssrc, plane_extensions names);
void plane_peer_keys_set(plane *p, uint32_t peer, void *receive, void *send);
void plane_peer_address_add(plane *p, uint32_t peer, const plane_address *address);
void plane_peer_address_set(plane *p, uint32_t peer, const plane_address *address);
void plane_peer_address_remove(plane *p, uint32_t peer, const plane_address *address);
void plane_peer_remove(plane *p, uint32_t peer);

/* A connectivity check was answered after so many seconds, at the address in use. */
void plane_peer_answered(plane *p, uint32_t peer, double trip);

/* One of at most eight connectivity checks for this peer, signed, to be sent while a picture flows to it: their answers tell of queues. */
void plane_peer_check_add(plane *p, uint32_t peer, const uint8_t *request, int size);
double plane_peer_heard_at(plane *p, uint32_t peer);

/* Copies at most `capacity` numbers of peers of whom an authentic packet came after `since`; returns how many there are. */
int plane_peers_heard(plane *p, double since, uint32_t *peers, int capacity);

/* As plane_peers_heard: peers whose packets, or packets to whom, are lost or wait in a queue at the time `now`. */
int plane_peers_troubled(plane *p, double now, uint32_t *peers, int capacity);

/* From where the last authentic packet of the peer came; false before the first. */
bool plane_peer_heard_from(plane *p, uint32_t peer, plane_address *address);

void plane_source_set(plane *p, uint32_t peer, uint32_t ssrc, plane_codec codec, uint8_t payload_type, plane_extensions extensions,
                      plane_repair repair);
void plane_source_clear(plane *p, uint32_t peer, uint32_t ssrc);

/* Every packet to the sink bears `mid`, of at most 16 characters, where its extension was negotiated (RFC 8843, 9.2). */
void plane_sink_set(plane *p, uint32_t peer, uint32_t ssrc, plane_codec codec, uint8_t payload_type, plane_extensions extensions,
                    plane_repair repair, const char *cname, const char *mid, uint16_t first_sequence, uint32_t first_timestamp);
void plane_sink_clear(plane *p, uint32_t peer, uint32_t ssrc);
void plane_route_set(plane *p, uint32_t sink_peer, uint32_t sink_ssrc, uint32_t source_peer, uint32_t source_ssrc);

/* As plane_route_set, but what feeds the sink now goes on doing so until the new source's key frame. */
void plane_route_change(plane *p, uint32_t sink_peer, uint32_t sink_ssrc, uint32_t source_peer, uint32_t source_ssrc);
void plane_route_clear(plane *p, uint32_t sink_peer, uint32_t sink_ssrc);
void plane_keyframe_request(plane *p, uint32_t peer, uint32_t ssrc, double now);

/* The sender was told by other means to send at most `bps` and is expected to keep to it; 0: nothing was told. */
void plane_source_cap_set(plane *p, uint32_t peer, uint32_t ssrc, uint64_t bps);

/* Copies the source's decrypted packets, as `stream`, to who listens on the Unix SOCK_SEQPACKET socket at `path`; NULL ends it, at
 * once. Given the same again it opens only what was closed at the other end. Whether copies go out from now on. */
bool plane_tap_set(plane *p, uint32_t peer, uint32_t ssrc, const char *path, uint32_t stream, uint8_t codec);

/* Fills at most `capacity` lines; returns how many there are. */
int plane_source_table(plane *p, plane_source_counters *lines, int capacity);
int plane_sink_table(plane *p, plane_sink_counters *lines, int capacity);
int plane_tap_table(plane *p, plane_tap_counters *lines, int capacity);
plane_totals plane_count(plane *p);

/* The oldest thing handed up: its size (at most 1,500), 0 when there is none. `kind` 1: a STUN or DTLS datagram from `address`;
 * 2: an SSRC not set; `data` is the mid, the rid and the repaired rid that it names, with a zero between them; 3: a packet that only `peer` can have made came
 * from `address`, which nobody owns; 4: the line to `peer` carries far less than it is sent, and one of its pictures has layers. */
typedef struct { int kind; plane_address address; uint32_t peer, ssrc; uint8_t payload_type; double at; } plane_up;
int plane_take_up(plane *p, plane_up *up, uint8_t *data);

/* Without a socket, for tests on a clock of their own: one datagram in, the reports of a second, what was sent. */
void plane_datagram(plane *p, const uint8_t *data, int size, const plane_address *address, double now);
void plane_report(plane *p, double now);
int plane_take_sent(plane *p, plane_address *to, uint8_t *data);
#endif
