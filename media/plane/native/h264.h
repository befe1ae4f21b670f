/* The H.264 payload (RFC 6184, 5): where a key frame begins. It has no picture numbers: there is nothing to rewrite. */
#ifndef CONSILIUM_H264_H
#define CONSILIUM_H264_H

#include "wire.h"

/* Whether the packet begins a key frame that a decoder can begin with: browsers send the parameter sets in the stream, before each
 * one (RFC 7742, 6.2), alone, aggregated (STAP-A) or in fragments (FU-A). A slice of one without them decodes to nothing. */
bool h264_starts_key_frame(const uint8_t *payload, int size);

#endif
