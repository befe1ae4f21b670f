/* Numbers of RTP packets: what arrived (RFC 3550, A.1, A.3, A.8), one continuous numbering for each receiver, one clock for
 * the send times of all senders. They hold no packets and decide nothing about routes. */
#ifndef CONSILIUM_NUMBERS_H
#define CONSILIUM_NUMBERS_H

#include "wire.h"

enum {
    MAX_DROPOUT = 3000,  /* a jump further ahead is a restarted source (RFC 3550, A.1) */
    MAX_MISORDER = 250, /* older than this is refused: a second and more of the largest picture; it fits libsrtp's window here (256) */
    MAX_STRETCHES = 64,
    ARRIVALS = 1024,     /* sequence numbers remembered for telling a retransmission that is news from one that is not */
};

/* From input number `first` on, output is input + `shift`. */
typedef struct {
    int64_t first, shift;
} stretch;

/* Sequence numbers and timestamps of one sink, continuous whatever feeds it. Gaps of the source stay gaps (they are losses the
 * receiver may ask for again); packets left out on purpose leave none. */
typedef struct {
    int clock_rate;
    int64_t next_sequence, highest;
    int64_t first; /* the number that the present source began with */
    uint32_t last_timestamp, timestamp_shift;
    bool has_time;
    double last_time;
    int32_t suspect; /* -1: none */
    int stretches;
    stretch stretch[MAX_STRETCHES];
} out_numbers;

void numbers_init(out_numbers *numbers, int clock_rate, uint16_t first_sequence, uint32_t first_timestamp);

/* Forgets the source: the next packet accepted is the first of another one. */
void numbers_switch(out_numbers *numbers);

/* Numbers for a packet to be sent; false when it is too old, or the source jumped and has yet to confirm it. */
bool numbers_accept(out_numbers *numbers, uint16_t *sequence, uint32_t *timestamp, bool again, double now);

/* Closes the place of a packet that is not to be sent; false when it came late and its place stands already. */
bool numbers_leave_out(out_numbers *numbers, uint16_t sequence);

/* The source's number of a packet that the receiver misses; false when it was never one of this source. */
bool numbers_source_sequence(const out_numbers *numbers, uint16_t sequence, uint16_t *source);

/* The unbounded number of a packet that was sent since the present source began; false when it is none. */
bool numbers_since_switch(const out_numbers *numbers, uint16_t sequence, int64_t *number);

/* Which of a source's last packets have come: one that was sent again is passed on only where the first was missed. */
typedef struct {
    bool any;
    int64_t highest;
    uint64_t bits[ARRIVALS / 64];
} arrivals;

void arrivals_note(arrivals *a, uint16_t sequence);

/* Whether a packet sent again is news: it has not come yet, and is not older than what is remembered. */
bool arrivals_lack(const arrivals *a, uint16_t sequence);

/* Somebody still misses the packet: sent again, it is news. */
void arrivals_forget(arrivals *a, uint16_t sequence);

/* What arrived of one source. `lost` counts down after duplicates. */
typedef struct {
    int clock_rate;
    int64_t base, highest, counted;
    int64_t reported_expected, reported_counted;
    bool has_transit;
    double transit, jitter; /* in timestamp units */
    uint64_t packets, octets;
    double last_at;
} reception;

typedef struct {
    uint8_t fraction_lost;
    int32_t lost;
    uint32_t highest, jitter;
} reception_report;

void reception_received(reception *r, uint16_t sequence, uint32_t timestamp, int octets, double now);
int64_t reception_lost(const reception *r);

/* The figures of an RTCP report block since the last one. */
reception_report reception_take_report(reception *r);

/* abs-send-time on one clock: a receiver's estimator mixes the stamps of all its streams, and two senders' clocks (or one
 * sender's before and after a reload) would look to it like a link gone mad. Each sender's stamps are moved to the relay's clock
 * by a constant, the least difference seen lately: the uplink's delay variation stays visible, drift does not. */
typedef struct {
    bool known;
    int64_t shift, least, former_least;
    double late_s, at; /* how much later than the quickest of late the last packet came, and when */
    double window_at;
} send_clock;

/* The 3-byte stamp of a packet that arrived at `now` (seconds), on the relay's clock. */
void send_clock_translate(send_clock *clock, const uint8_t stamp[3], double now, uint8_t out[3]);

#endif
