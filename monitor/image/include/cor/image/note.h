/*
 * note.h - one Solo5 note: the ABI that an image wants, or the devices that it
 * declares.
 */
#ifndef COR_IMAGE_NOTE_H
#define COR_IMAGE_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include <cor/base/err.h>
#include <cor/image/image.h>

/* Longest note that is looked at: a manifest with all its entries. */
#define COR_IMAGE_NOTE_MAX                          \
    (COR_NOTE_MFT_OFFSET + sizeof(struct cor_mft) + \
     COR_MFT_MAX_ENTRIES * sizeof(struct cor_mft_entry))

/**
 * cor_image_note() - take what the first note of a PT_NOTE segment says.
 * @note: the segment's bytes, foreign
 * @size: their number; bytes from COR_IMAGE_NOTE_MAX on are never looked at
 * @img: target and version, or nentries and mft, are written when the note is Solo5's
 * and valid. Must start zeroed: target and nentries tell which notes have been seen.
 * @err: the caller's error
 *
 * Spec: Solo5 0.6 to 0.13, notes "ABI1" and "MFT1".
 *
 * Return: 1 when the note was taken, 0 for somebody else's note, -EINVAL for a Solo5
 * note that is malformed or the second of its type.
 */
int cor_image_note(const uint8_t *note, size_t size, struct cor_image *img,
                   struct cor_err *err);

#endif
