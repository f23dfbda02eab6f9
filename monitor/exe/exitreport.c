/*
 * exitreport.c - exit.json, written without allocating: the sandbox is closed by then.
 *
 * #syscalls:vcpu,vcpu_gdb,event write(EXIT)
 */
#include "exitreport.h"

#include <stdarg.h>
#include <stdio.h>

struct out {
    char *buf;
    size_t size, used;
};

static void put(struct out *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(o->buf + o->used, o->size - o->used, fmt, ap);
    va_end(ap);
    if (n > 0)
        o->used += (size_t)n < o->size - o->used ? (size_t)n : o->size - o->used - 1;
}

/* A JSON string; bytes beyond ASCII cannot occur, the reason is our own text. */
static void put_string(struct out *o, const char *s)
{
    put(o, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            put(o, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            put(o, "\\u%04x", c);
        else
            put(o, "%c", c);
    }
    put(o, "\"");
}

static void put_registers(struct out *o, const struct cor_gdb_regs *r)
{
    static const char *const names[16] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi",
                                          "rbp", "rsp", "r8",  "r9",  "r10", "r11",
                                          "r12", "r13", "r14", "r15"};
    put(o, ",\"registers\":{\"rip\":\"0x%llx\",\"rflags\":\"0x%x\"",
        (unsigned long long)r->rip, r->eflags);
    for (unsigned int i = 0; i < 16; i++)
        put(o, ",\"%s\":\"0x%llx\"", names[i], (unsigned long long)r->gpr[i]);
    put(o, ",\"fs_base\":\"0x%llx\"}", (unsigned long long)r->fs_base);
}

size_t mon_exitreport_format(const struct cor_vm_exit *e, uint64_t started,
                             uint64_t ended, char *buf, size_t size)
{
    static const char *const kinds[] = {"guest", "signal", "fault", "host"};
    struct out o = {.buf = buf, .size = size};
    put(&o, "{\"version\":1,\"kind\":\"%s\",\"code\":%d,\"reason\":", kinds[e->kind],
        e->code);
    put_string(&o, e->reason);
    put(&o, ",\"started_ns\":%llu,\"ended_ns\":%llu", (unsigned long long)started,
        (unsigned long long)ended);
    if (e->has_regs && e->kind != COR_VM_END_GUEST)
        put_registers(&o, &e->regs);
    if (e->has_trap)
        put(&o,
            ",\"trap\":{\"cr2\":\"0x%llx\",\"error\":\"0x%llx\",\"rip\":\"0x%llx\","
            "\"rsp\":\"0x%llx\",\"rflags\":\"0x%llx\"}",
            (unsigned long long)e->trap.cr2, (unsigned long long)e->trap.ec,
            (unsigned long long)e->trap.rip, (unsigned long long)e->trap.rsp,
            (unsigned long long)e->trap.rflags);
    put(&o, "}\n");
    return o.used;
}
