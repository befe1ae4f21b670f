/* Big-endian numbers in packets, and the one address form. Callers have checked the bounds (rtp.c, rtcp.c, vp8.c). */
#ifndef CONSILIUM_WIRE_H
#define CONSILIUM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static inline uint32_t get32(const uint8_t *at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }
static inline uint64_t get64(const uint8_t *at) { return (uint64_t)get32(at) << 32 | get32(at + 4); }
static inline void put16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}
static inline void put32(uint8_t *at, uint32_t value) {
    put16(at, (uint16_t)(value >> 16));
    put16(at + 2, (uint16_t)value);
}
static inline void put64(uint8_t *at, uint64_t value) {
    put32(at, (uint32_t)(value >> 32));
    put32(at + 4, (uint32_t)value);
}

/* The unbounded number nearest to `near` that ends in the 16 bits of `number`. */
static inline int64_t unwrap16(uint16_t number, int64_t near) {
    return near + (int64_t)(((uint64_t)(number - near) + 0x8000) & 0xFFFF) - 0x8000;
}

#endif
