/*
 * flat.h
 *		One compact byte image of a trace's levels.
 *
 * The image holds what cannot be derived: of each spine batch its width in ids,
 * its upper, since and counts, and of each merge its since and the fuel it
 * still needs.  Lower bounds and ids follow from the batch before.  Numbers are
 * variable-length, seven bits a byte, least significant first, so a spine of a
 * million batches takes some hundred bytes.  since, dims and effort are the
 * owner's to keep beside it.
 */
#ifndef SPINE_CORE_FLAT_H
#define SPINE_CORE_FLAT_H

#include "core/trace.h"

/* Ten bytes a number; per level a count, two batches and a merge. */
#define IMAGE_MAX_SIZE (32 + MAX_LEVELS * (1 + 2 * (6 * 10 + 1) + 2 * 10))

/* Writes the image to buf, which has IMAGE_MAX_SIZE bytes; returns its size. */
extern size_t image_write(const Trace *trace, uint8_t *buf);

/*
 * Fills in the levels, upper and next id of a trace whose dims, effort and since
 * are set, and validates it.  Any bytes may be given; CORE_CORRUPT if they are
 * not an image that image_write could have made.
 */
extern Status image_read(const uint8_t *buf, size_t size, Trace *trace, CoreError *err);

#endif
