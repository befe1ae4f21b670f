/* A line that suddenly carries far less than it is sent, seen in what a receiver asks for again. Specified in tests/reference/flood.py,
 * where the reasons stand. */
#include "state.h"

static const double WINDOW_S = 0.5, SPREAD_S = 0.04, YOUNG_S = 0.15;
static const int64_t LEAST = 12, PART = 3;

static double share_of(const flood *f) { return (double)f->missed / (double)(f->highest - f->before); }

double flood_missed(flood *f, int64_t number, double now) {
    if (f->known && number <= f->highest) return 0; /* asked for once more */
    if (!f->known || now - f->since > WINDOW_S) *f = (flood){.known = true, .before = number - 1, .since = now};
    f->highest = number;
    f->missed++;
    bool is_one = f->missed >= LEAST && f->missed * PART >= f->highest - f->before && now - f->since >= SPREAD_S;
    return is_one ? share_of(f) : 0;
}

bool flood_is_young(const flood *f, double now) { return f->known && now - f->since <= YOUNG_S; }
