/*
 * core.h - an ELF core file of a guest, for gdb.
 *
 * The guest is one process with one thread, whose memory lies at 0. Nothing is
 * allocated and nothing but pwrite() and ftruncate() is called, so that a confined
 * thread may write the file that it was started with.
 * Spec: System V ABI, AMD64, and the note layouts of Linux's <sys/procfs.h>.
 */
#ifndef COR_VM_CORE_H
#define COR_VM_CORE_H

#include <stdint.h>

#include <cor/base/err.h>
#include <cor/vm/gdb.h>

struct cor_core {
    const uint8_t *mem; /* guest RAM from address 0, readable as a whole */
    uint64_t mem_size;  /* bytes */
    struct cor_gdb_regs regs;
    int signal;          /* host number of the signal that ended the guest; 0 none */
    const char *program; /* path of the image; NULL leaves the name empty */
    int pid;             /* what gdb names the process by */
};

/**
 * cor_core_write() - replace a file's content by a core file.
 * @fd: a regular file open for writing; stays the caller's, its position unused
 * @core: the guest, which should not run meanwhile (a page may otherwise be torn, no
 *        more than that)
 * @err: the caller's error
 *
 * Pages of zeros become holes. After a failure the file is not a core file.
 *
 * Return: 0; -EFBIG when @core's memory does not fit in a file; the errno of a write.
 */
int cor_core_write(int fd, const struct cor_core *core, struct cor_err *err);

#endif
