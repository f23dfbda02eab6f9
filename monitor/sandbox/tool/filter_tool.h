/*
 * filter_tool.h - the rules that seccomp-list.py hands to the filter compiler.
 */
#ifndef FILTER_TOOL_H
#define FILTER_TOOL_H

/* clang-format off: the constants that rules may name come from these */
#include <seccomp.h>
#include <signal.h>

#include <linux/kvm.h>
#include <sys/prctl.h>
/* clang-format on */

#include <cor/sandbox/fds.h>

struct tool_rule {
    const char *where, *list, *call;
    unsigned char priority;
    unsigned int args;
    struct scmp_arg_cmp arg[6];
};

extern const struct tool_rule tool_rules[];
extern const unsigned int tool_rules_count;

#endif
