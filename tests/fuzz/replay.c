/* A main for any of the targets here without libFuzzer: replays a corpus and mutates each of its files for a while. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = 88172645463325252ULL;

static uint32_t draw(uint32_t below) { /* xorshift64: the same run each time */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static size_t mutate(uint8_t *data, size_t size, size_t room) {
    for (uint32_t turns = 1 + draw(8); turns > 0; turns--) {
        switch (draw(4)) {
            case 0: if (size) data[draw((uint32_t)size)] ^= (uint8_t)(1u << draw(8)); break;
            case 1: if (size) data[draw((uint32_t)size)] = (uint8_t)draw(256); break;
            case 2: if (size < room) data[size++] = (uint8_t)draw(256); break;
            default: if (size > 4) size -= 1 + draw(3);
        }
    }
    return size;
}

int main(int count, char **names) {
    enum { ROOM = 1 << 14 };
    long runs = strtol(names[1], NULL, 10), done = 0;
    static uint8_t seed[ROOM], data[ROOM];
    for (int i = 2; i < count; i++) {
        FILE *file = fopen(names[i], "rb");
        if (file == NULL) return 2;
        size_t size = fread(seed, 1, ROOM / 2, file);
        fclose(file);
        LLVMFuzzerTestOneInput(seed, size);
        for (long run = 0; run < runs; run++, done++) {
            memcpy(data, seed, size);
            LLVMFuzzerTestOneInput(data, mutate(data, size, ROOM));
        }
    }
    printf("%ld executions over %d seeds\n", done, count - 2);
    return done > 0 ? 0 : 2;
}
