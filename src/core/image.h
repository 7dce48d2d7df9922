/*
 * image.h
 *		One compact byte image of a trace, all of it: dimensions, effort, since,
 *		physical compaction frontier, levels with structural empties and merges,
 *		pending batches.
 *
 * The image holds what cannot be derived: of each spine batch its width in ids
 * (0 for a structural empty, of which nothing else follows), its upper, since
 * and counts, and of each merge in progress its since and the fuel it still
 * needs.  Lower bounds and ids follow from the batch before.  Numbers are
 * variable-length, seven bits a byte, least significant first, so a spine of a
 * million batches takes some hundred bytes.  It has no pointers.
 *
 * Version 2.  There are no users yet, so the format may still change freely.
 */
#ifndef SPINE_CORE_IMAGE_H
#define SPINE_CORE_IMAGE_H

#include "core/trace.h"

/*
 * Writes the image to buf, as far as it has room for it; returns the size of
 * the whole.  With no room, buf may be NULL.
 */
extern size_t image_write(const Trace *trace, uint8_t *buf, size_t room);

/*
 * Fills in a trace, with everything in this arena, and validates it.  Any bytes
 * may be given; CORE_CORRUPT if they are not an image that image_write could
 * have made.
 */
extern Status image_read(const uint8_t *buf, size_t size, Arena arena, Trace *trace,
						 CoreError *err);

#endif
