/*
 * fds.h - the fixed descriptor numbers of a running monitor.
 *
 * Every descriptor is moved to its number before the seccomp filters load, so that the
 * filters can compare with constants. 0 is always /dev/null.
 */
#ifndef COR_SANDBOX_FDS_H
#define COR_SANDBOX_FDS_H

#define COR_FD_CONSOLE     1  /* the guest's console: stdout */
#define COR_FD_STDERR      2  /* the monitor's own messages */
#define COR_FD_IMAGE       3  /* the image, for symbols in a fault report */
#define COR_FD_EXIT        4  /* exit.json */
#define COR_FD_CORE        5  /* core file of the guest */
#define COR_FD_WAKE        6  /* eventfd: something for the vCPU thread */
#define COR_FD_NOTIFY      7  /* eventfd: something for the event thread */
#define COR_FD_SIGNAL      8  /* signalfd of the event thread */
#define COR_FD_CTL         9  /* listening control socket */
#define COR_FD_GDB_LISTEN  10 /* listening gdb socket */
#define COR_FD_GDB         11 /* the connected gdb */
#define COR_FD_VCPU        12 /* KVM vCPU */
#define COR_FD_VM          13 /* KVM VM */
#define COR_FD_GUARD       15 /* pipe to the process that removes files at the end */
#define COR_FD_CLIENT      16 /* control clients: 16..23 */
#define COR_FD_CLIENT_MASK (~7u)
#define COR_FD_DEV         64 /* device with handle h: 64 + h, 64..127 */
#define COR_FD_DEV_MASK    (~63u)

#endif
