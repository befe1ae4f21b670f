#include "numbers.h"

#include <math.h>

void numbers_init(out_numbers *n, int clock_rate, uint16_t first_sequence, uint32_t first_timestamp) {
    *n = (out_numbers){
        .clock_rate = clock_rate,
        .next_sequence = first_sequence,
        .last_timestamp = first_timestamp,
        .suspect = -1,
    };
}

void numbers_switch(out_numbers *n) {
    n->stretches = 0;
    n->suspect = -1;
}

static void begin(out_numbers *n, uint16_t sequence, uint32_t timestamp, double now) {
    int64_t elapsed = 0;
    if (n->has_time) {
        elapsed = llrint((now - n->last_time) * n->clock_rate);
        if (elapsed < 1) elapsed = 1;
    }
    n->timestamp_shift = n->last_timestamp + (uint32_t)elapsed - timestamp;
    n->highest = sequence;
    n->stretches = 1;
    n->stretch[0] = (stretch){sequence, n->next_sequence - sequence};
}

static const stretch *stretch_of(const out_numbers *n, int64_t number) {
    for (int i = n->stretches - 1; i >= 0; i--)
        if (number >= n->stretch[i].first) return &n->stretch[i];
    return NULL;
}

bool numbers_accept(out_numbers *n, uint16_t *sequence, uint32_t *timestamp, bool again, double now) {
    if (n->stretches == 0) {
        begin(n, *sequence, *timestamp, now);
        n->first = n->next_sequence;
    }
    int64_t number = unwrap16(*sequence, n->highest);
    if (number > n->highest + MAX_DROPOUT || number < n->highest - MAX_MISORDER) {
        if (again) return false; /* old ones in a row are no other numbering */
        if (n->suspect != *sequence) {
            n->suspect = (uint16_t)(*sequence + 1);
            return false;
        }
        begin(n, *sequence, *timestamp, now);
        number = n->highest;
    }
    const stretch *of = stretch_of(n, number);
    if (of == NULL) return false;
    /* Also for a late packet: behind one left out it takes the highest number yet, which no other may ever bear. */
    int64_t out = number + of->shift;
    if (out + 1 > n->next_sequence) n->next_sequence = out + 1;
    uint32_t out_timestamp = *timestamp + n->timestamp_shift;
    if (number >= n->highest) {
        n->highest = number;
        n->suspect = -1;
        n->last_timestamp = out_timestamp;
        n->last_time = now;
        n->has_time = true;
    }
    *sequence = (uint16_t)out;
    *timestamp = out_timestamp;
    return true;
}

bool numbers_leave_out(out_numbers *n, uint16_t sequence) {
    if (n->stretches == 0) return true;
    int64_t number = unwrap16(sequence, n->highest);
    if (number <= n->highest) return false;
    if (number > n->highest + MAX_DROPOUT) return true;
    stretch last = n->stretch[n->stretches - 1];
    n->highest = number;
    if (last.first == number) {
        n->stretches--; /* an empty stretch: replaced by what follows */
    } else if (n->stretches == MAX_STRETCHES) {
        memmove(n->stretch, n->stretch + 1, sizeof *n->stretch * (MAX_STRETCHES - 1));
        n->stretches--;
    }
    n->stretch[n->stretches++] = (stretch){number + 1, last.shift - 1};
    return true;
}

bool numbers_source_sequence(const out_numbers *n, uint16_t sequence, uint16_t *source) {
    if (n->stretches == 0) return false;
    int64_t output = unwrap16(sequence, n->next_sequence - 1);
    int64_t upper = INT64_MAX;
    for (int i = n->stretches - 1; i >= 0; i--) {
        int64_t number = output - n->stretch[i].shift;
        if (number >= n->stretch[i].first && number < upper) {
            *source = (uint16_t)number;
            return number <= n->highest;
        }
        upper = n->stretch[i].first;
    }
    return false;
}

bool numbers_since_switch(const out_numbers *n, uint16_t sequence, int64_t *number) {
    *number = unwrap16(sequence, n->next_sequence - 1);
    return n->stretches > 0 && *number >= n->first && *number < n->next_sequence;
}

static uint64_t *arrival_word(arrivals *a, int64_t number) { return &a->bits[(uint64_t)number / 64 % (ARRIVALS / 64)]; }

static uint64_t arrival_bit(int64_t number) { return 1ULL << ((uint64_t)number % 64); }

void arrivals_note(arrivals *a, uint16_t sequence) {
    int64_t number = a->any ? unwrap16(sequence, a->highest) : sequence;
    if (!a->any || number >= a->highest + ARRIVALS || number <= a->highest - ARRIVALS) {
        *a = (arrivals){.any = true, .highest = number};
    }
    for (; a->highest < number; a->highest++) *arrival_word(a, a->highest + 1) &= ~arrival_bit(a->highest + 1);
    *arrival_word(a, number) |= arrival_bit(number);
}

bool arrivals_lack(const arrivals *a, uint16_t sequence) {
    int64_t number = a->any ? unwrap16(sequence, a->highest) : sequence;
    if (!a->any || number > a->highest) return true;
    if (number <= a->highest - ARRIVALS) return false;
    return (a->bits[(uint64_t)number / 64 % (ARRIVALS / 64)] & arrival_bit(number)) == 0;
}

void arrivals_forget(arrivals *a, uint16_t sequence) {
    int64_t number = unwrap16(sequence, a->highest);
    if (a->any && number <= a->highest && number > a->highest - ARRIVALS) *arrival_word(a, number) &= ~arrival_bit(number);
}

static int64_t expected(const reception *r) { return r->counted ? r->highest - r->base + 1 : 0; }

static void measure_jitter(reception *r, uint32_t timestamp, double now) {
    double transit = now * r->clock_rate - timestamp;
    if (r->has_transit) {
        double difference = fabs(transit - r->transit);
        if (difference < r->clock_rate * 10.0) /* a wrapped timestamp is not jitter */
            r->jitter += (difference - r->jitter) / 16;
    }
    r->transit = transit;
    r->has_transit = true;
}

void reception_received(reception *r, uint16_t sequence, uint32_t timestamp, int octets, double now) {
    if (!r->counted) r->base = r->highest = sequence;
    int64_t number = unwrap16(sequence, r->highest);
    if (number > r->highest + MAX_DROPOUT || number < r->highest - MAX_DROPOUT) {
        r->base = r->highest = number = sequence;
        r->counted = r->reported_expected = r->reported_counted = 0;
        r->has_transit = false;
    }
    r->packets++;
    r->octets += (uint64_t)octets;
    r->counted++;
    r->last_at = now;
    if (number > r->highest || r->counted == 1) {
        r->highest = number;
        measure_jitter(r, timestamp, now);
    }
}

int64_t reception_lost(const reception *r) { return expected(r) - r->counted; }

reception_report reception_take_report(reception *r) {
    int64_t all = expected(r), since = all - r->reported_expected;
    int64_t lost_since = since - (r->counted - r->reported_counted);
    r->reported_expected = all;
    r->reported_counted = r->counted;
    int64_t fraction = lost_since > 0 && since > 0 ? (lost_since << 8) / since : 0;
    int64_t lost = reception_lost(r);
    lost = lost < -0x800000 ? -0x800000 : lost > 0x7FFFFF ? 0x7FFFFF : lost;
    return (reception_report){
        .fraction_lost = (uint8_t)(fraction > 255 ? 255 : fraction),
        .lost = (int32_t)lost,
        .highest = (uint32_t)r->highest,
        .jitter = (uint32_t)(int64_t)r->jitter,
    };
}

enum {
    TICKS_PER_S = 1 << 18, /* 24 bits of 6.18 fixed point seconds (draft-alvestrand-rmcat-remb, abs-send-time) */
    MODULUS = 1 << 24,
    JUMP_TICKS = 5 * TICKS_PER_S, /* a larger change of the difference is another clock, not delay */
};
static const double WINDOW_S = 5.0;

static int64_t modulo(int64_t value, int64_t of) {
    int64_t rest = value % of;
    return rest < 0 ? rest + of : rest;
}

void send_clock_translate(send_clock *clock, const uint8_t stamp[3], double now, uint8_t out[3]) {
    int64_t sent = (int64_t)stamp[0] << 16 | (int64_t)stamp[1] << 8 | stamp[2];
    int64_t difference = (int64_t)(now * TICKS_PER_S) - sent;
    if (clock->known) difference = clock->shift + modulo(difference - clock->shift + MODULUS / 2, MODULUS) - MODULUS / 2;
    int64_t change = difference - clock->shift;
    if (!clock->known || change > JUMP_TICKS || change < -JUMP_TICKS) {
        clock->least = clock->former_least = difference;
        clock->window_at = now;
    } else if (now - clock->window_at >= WINDOW_S) {
        clock->former_least = clock->least;
        clock->least = difference;
        clock->window_at = now;
    }
    if (difference < clock->least) clock->least = difference;
    clock->shift = clock->least < clock->former_least ? clock->least : clock->former_least;
    clock->known = true;
    clock->late_s = (double)(difference - clock->shift) / TICKS_PER_S;
    clock->at = now;
    int64_t moved = modulo(sent + clock->shift, MODULUS);
    out[0] = (uint8_t)(moved >> 16);
    out[1] = (uint8_t)(moved >> 8);
    out[2] = (uint8_t)moved;
}
