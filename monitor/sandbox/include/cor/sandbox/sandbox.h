/*
 * sandbox.h - giving up what a running monitor does not need.
 *
 * Order, for the main thread: cor_sandbox_drop() and cor_sandbox_landlock() while it is
 * still the only thread (the other thread inherits both), cor_sandbox_catch() once,
 * then each thread enters its own filter as the last thing before its loop. SIGSYS must
 * be unblocked in every thread: the kernel answers a violation that it cannot deliver
 * by killing the process, which ends in the same 159 but without the name.
 *
 * The filters are generated from the #syscalls comments beside the code that makes the
 * calls; contrib/seccomp-list.py explains their form.
 */
#ifndef COR_SANDBOX_SANDBOX_H
#define COR_SANDBOX_SANDBOX_H

#include <cor/base/err.h>

/* Which list: one for each kind of thread, and one for a vCPU thread that gdb debugs.
 */
enum cor_sandbox_filter { COR_SANDBOX_VCPU, COR_SANDBOX_EVENT, COR_SANDBOX_VCPU_GDB };

/* Told about a violation: the system call's number and name. Runs in a signal handler,
 * so only async-signal-safe calls, and only those that every list allows. */
typedef void cor_sandbox_report(int nr, const char *name);

/**
 * cor_sandbox_drop() - no new privileges, no capabilities, not dumpable.
 * @err: the caller's error
 *
 * Not dumpable means that no process of the same user may attach to the monitor or read
 * the guest's memory through it, and that the kernel writes no core file of it; files
 * in /proc/PID belong to root from here on, so nothing may be opened through them
 * later.
 *
 * Context: the main thread, before the other threads exist. Three system calls.
 * Return: 0; a negative errno.
 */
int cor_sandbox_drop(struct cor_err *err);

/**
 * cor_sandbox_landlock() - deny opening, making or removing any file, TCP bind and
 * connect, and abstract sockets and signals towards outside, as far as the kernel can.
 * @err: the caller's error
 *
 * Descriptors that are already open keep working, ftruncate() and ioctl() included.
 *
 * Context: after cor_sandbox_drop(), before the other threads exist: kernels
 * before 6.15 refuse signals between two threads of a process that are in different
 * domains. Four system calls. Return: the version of Landlock that is in force; 0 when
 * the kernel offers none; a negative errno when it does but would not restrict.
 */
int cor_sandbox_landlock(struct cor_err *err);

/**
 * cor_sandbox_catch() - what happens at a forbidden system call: @report is called,
 * then the process ends with COR_EXIT_SANDBOX.
 * @report: called on the thread that broke its filter; NULL writes one line to stderr
 * @err: the caller's error
 *
 * Context: once, for the whole process.
 * Return: 0; a negative errno.
 */
int cor_sandbox_catch(cor_sandbox_report *report, struct cor_err *err);

/**
 * cor_sandbox_enter() - put the calling thread, and no other, behind its filter for
 * good.
 * @f: the list
 * @err: the caller's error
 *
 * Context: after cor_sandbox_drop(); the descriptors are at the numbers of fds.h.
 * Return: 0; -EACCES without cor_sandbox_drop(); a negative errno, such as -EINVAL from
 * a kernel without seccomp filters.
 */
int cor_sandbox_enter(enum cor_sandbox_filter f, struct cor_err *err);

/**
 * cor_sandbox_syscall_name() - what a system call of x86-64 is called.
 * @nr: its number
 *
 * Context: any, async-signal-safe.
 * Return: a string that lives on; "unknown" for a number without a name.
 */
const char *cor_sandbox_syscall_name(int nr);

#endif
