/*
 * report.c - how the guest ended, in one line that names the thing at fault.
 *
 * #syscalls:vcpu,vcpu_gdb,event pread64(IMAGE)
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm_priv.h"

void vm_describe(const struct cor_vm *vm, uint64_t gpa, char *text, size_t size)
{
    const struct cor_gmem_range *r = cor_gmem_find(&vm->mem, COR_GPA(gpa));
    const char *what = "no page";
    if (gpa < COR_GMEM_PAGE)
        what = "the null page";
    else if (!r && gpa >= vm->mem.size)
        what = "past the end of memory";
    else if (r && r->segment < 0)
        what = r->start == COR_HVT_BOOT_GPA ? "boot information, r--"
                                            : "heap and stack, rw-";
    if (!r || r->segment < 0) {
        (void)snprintf(text, size, "%s", what);
        return;
    }
    (void)snprintf(text, size, "segment %d, %c%c%c", r->segment,
                   (r->prot & COR_PROT_R) ? 'r' : '-',
                   (r->prot & COR_PROT_W) ? 'w' : '-',
                   (r->prot & COR_PROT_X) ? 'x' : '-');
}

static void set_end(struct cor_vm *vm, enum cor_vm_end kind, int code)
{
    vm->ended = true;
    vm->exit.kind = kind;
    vm->exit.code = code;
    vm->exit.has_regs = vm->vcpu_fd >= 0 && vm_guest_regs_get(vm, &vm->exit.regs) == 0;
}

void vm_end(struct cor_vm *vm, enum cor_vm_end kind, int code, const char *fmt, ...)
{
    va_list ap;
    if (vm->ended)
        return;
    set_end(vm, kind, code);
    va_start(ap, fmt);
    (void)vsnprintf(vm->exit.reason, sizeof(vm->exit.reason), fmt, ap);
    va_end(ap);
}

void vm_end_fault(struct cor_vm *vm, int code, uint64_t rip, const char *fmt, ...)
{
    char what[256], symbol[96] = "";
    char name[64];
    uint64_t offset;
    va_list ap;
    if (vm->ended)
        return;
    set_end(vm, COR_VM_END_FAULT, code);
    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    if (cor_image_symbol(vm->config->image_fd, rip, name, sizeof(name), &offset) == 0)
        (void)snprintf(symbol, sizeof(symbol), " %s+0x%llx", name,
                       (unsigned long long)offset);
    (void)snprintf(vm->exit.reason, sizeof(vm->exit.reason),
                   "guest fault: %s, rip 0x%llx%s", what, (unsigned long long)rip,
                   symbol);
}
