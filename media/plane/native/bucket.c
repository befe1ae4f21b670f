/* What may go out beside what must: saved up for half a second, and never more than that. */
#include "state.h"

static const double SAVED_S = 0.5;

bool bucket_take(bucket *b, double rate, double least, double octets, double now) {
    double most = rate * SAVED_S > least ? rate * SAVED_S : least;
    b->octets = b->at == 0 ? most : b->octets + rate * (now - b->at);
    if (b->octets > most) b->octets = most;
    b->at = now;
    if (b->octets < octets) return false;
    b->octets -= octets;
    return true;
}
