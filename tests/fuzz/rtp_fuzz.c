/* An RTP packet taken apart as the loop does, its VP8 descriptor rewritten, looked at as H.264, and written anew: all inside its bounds, and the same
 * payload behind another header.
 */
#include <stdlib.h>
#include <string.h>

#include "../../media/plane/native/h264.h"
#include "../../media/plane/native/rtp.h"
#include "../../media/plane/native/vp8.h"

static void demand(bool holds) {
    if (!holds) abort();
}

static void rewrite(const uint8_t *payload, int size) {
    static vp8_numbers numbers; /* as of one sink through all packets */
    vp8_descriptor descriptor;
    if (!vp8_parse(payload, size, &descriptor)) return;
    uint8_t *copy = malloc((size_t)size);
    if (copy == NULL) return;
    memcpy(copy, payload, (size_t)size);
    numbers.switching = numbers.switching || descriptor.key_start;
    vp8_rewrite(&numbers, copy, &descriptor);
    vp8_descriptor again;
    demand(vp8_parse(copy, size, &again) && again.key_start == descriptor.key_start);
    demand(again.picture_id_at == descriptor.picture_id_at && again.tl0_at == descriptor.tl0_at);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > 1600) return 0;
    int numbers[3] = {data[0], data[1], data[2]};
    size -= 3;
    uint8_t *exact = malloc(size ? size : 1);
    if (exact == NULL) return 0;
    memcpy(exact, data + 3, size);
    rtp_header header, again;
    if (rtp_parse(exact, (int)size, &header)) {
        demand(header.payload_start <= header.payload_end && header.payload_end <= (int)size);
        rtp_extension_value values[3];
        for (int i = 0; i < 3; i++) {
            values[i].value = rtp_extension(exact, &header, numbers[i]);
            bool fits = values[i].value.data != NULL && values[i].value.size >= 1 && values[i].value.size <= 16;
            values[i].number = fits ? numbers[i] : 0;
        }
        int payload = header.payload_end - header.payload_start;
        rewrite(exact + header.payload_start, payload);
        h264_starts_key_frame(exact + header.payload_start, payload);
        uint8_t out[RTP_HEADER_BYTES + MAX_EXTENSION_BYTES + 32];
        int at = rtp_write(out, &header, values, 3);
        demand(rtp_parse(out, at, &again) && again.ssrc == header.ssrc && again.sequence == header.sequence);
        bool twice = numbers[0] == numbers[1] || numbers[1] == numbers[2] || numbers[2] == numbers[0];
        for (int i = 0; i < 3; i++) {
            if (values[i].number == 0 || twice) continue;
            slice kept = rtp_extension(out, &again, values[i].number);
            demand(kept.size == values[i].value.size && memcmp(kept.data, values[i].value.data, (size_t)kept.size) == 0);
        }
    }
    free(exact);
    return 0;
}
