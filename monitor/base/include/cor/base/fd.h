/*
 * fd.h - whole reads and writes, and descriptors at fixed numbers.
 */
#ifndef COR_BASE_FD_H
#define COR_BASE_FD_H

#include <cor/base/err.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * cor_fd_pread_full() - read exactly @len bytes at @offset, retrying short reads.
 * @fd: a seekable descriptor
 * @buf: where to
 * @len: bytes
 * @offset: bytes from the start of the file
 *
 * Return: 0; a negative errno; -ENODATA when the file ends before.
 */
int cor_fd_pread_full(int fd, void *buf, size_t len, uint64_t offset);

/**
 * cor_fd_pwrite_full() - write exactly @len bytes at @offset, retrying short writes.
 * @fd: a seekable descriptor
 * @buf: what
 * @len: bytes
 * @offset: bytes from the start of the file
 *
 * Return: 0; a negative errno.
 */
int cor_fd_pwrite_full(int fd, const void *buf, size_t len, uint64_t offset);

/**
 * cor_fd_write_full() - write exactly @len bytes, retrying EINTR and short writes.
 * @fd: a blocking descriptor
 * @buf: what
 * @len: bytes
 *
 * Return: 0; a negative errno.
 */
int cor_fd_write_full(int fd, const void *buf, size_t len);

/**
 * cor_fd_read_all() - everything that a descriptor holds, up to a cap.
 * @fd: a descriptor at its start
 * @cap: most bytes accepted
 * @ret: allocated text with a NUL behind it; the caller frees
 * @len: bytes without that NUL
 * @err: the caller's error
 *
 * Return: 0; -EFBIG past @cap; -ENOMEM; a read's errno.
 */
int cor_fd_read_all(int fd, size_t cap, char **ret, size_t *len, struct cor_err *err);

/**
 * cor_fd_move() - move a descriptor to a fixed number, close-on-exec.
 * @fd: the descriptor, closed on success; may equal @to
 * @to: the number that it gets; whatever was there is closed
 *
 * Return: @to; a negative errno, @fd then still open.
 */
int cor_fd_move(int fd, int to);

#endif
