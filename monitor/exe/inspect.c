/*
 * inspect.c - an image's headers, notes and manifest as text or as JSON.
 *
 * Both forms print the same struct cor_image; nothing here looks at the file but for
 * the name of its entry point. Names from the file have been checked or made printable
 * by cor_image, so that they can go to a terminal.
 */
#include "inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include <cor/image/image.h>

#define SYMBOL_SIZE 128

struct inspected {
    const char *path;
    struct cor_image image;
    bool runnable;
    char symbol[SYMBOL_SIZE]; /* of the entry point, or empty */
};

static const char *device_type(uint32_t type)
{
    return type == COR_MFT_NET ? "net" : "block";
}

static void print_segments(const struct cor_image *img, FILE *out)
{
    (void)fprintf(out, "segments:\n  %-12s %10s %10s  access\n", "address", "size",
                  "in file");
    for (unsigned int i = 0; i < img->nsegments; i++) {
        const struct cor_segment *s = &img->seg[i];
        (void)fprintf(out, "  0x%010" PRIx64 " %10" PRIu64 " %10" PRIu64 "  %c%c%c\n",
                      s->vaddr, s->memsz, s->filesz, s->prot & COR_PROT_R ? 'R' : '-',
                      s->prot & COR_PROT_W ? 'W' : '-',
                      s->prot & COR_PROT_X ? 'X' : '-');
    }
    if (img->exec_only)
        (void)fputs("  (asks for execute-only code, which x86 cannot express)\n", out);
}

static void print_text(const struct inspected *in, FILE *out)
{
    const struct cor_image *img = &in->image;
    const char *target = cor_image_target_name(img->target);
    (void)fprintf(out, "image:    %s\n", in->path);
    (void)fprintf(out, "machine:  %s%s\n", target,
                  in->runnable ? "" : " (not one that this monitor runs)");
    (void)fprintf(out, "abi:      Solo5 %s, version %" PRIu32 "\n", target,
                  img->version);
    (void)fprintf(out, "entry:    0x%" PRIx64 "%s%s\n", img->entry,
                  *in->symbol ? " " : "", in->symbol);
    (void)fprintf(out, "memory:   at least %" PRIu64 " MiB\n",
                  cor_image_memory_min(img) >> 20);
    print_segments(img, out);
    (void)fprintf(out, "devices:%s\n", img->nentries > 1 ? "" : "  none");
    for (unsigned int i = 1; i < img->nentries; i++)
        (void)fprintf(out, "  %2u %-5s %s\n", i, device_type(img->mft[i].type),
                      img->mft[i].name);
}

static json_t *json_segments(const struct cor_image *img)
{
    json_t *list = json_array();
    for (unsigned int i = 0; list && i < img->nsegments; i++) {
        const struct cor_segment *s = &img->seg[i];
        json_t *item =
            json_pack("{s:I, s:I, s:I, s:b, s:b, s:b}", "address", (json_int_t)s->vaddr,
                      "size", (json_int_t)s->memsz, "file_size", (json_int_t)s->filesz,
                      "read", s->prot & COR_PROT_R, "write", s->prot & COR_PROT_W,
                      "execute", s->prot & COR_PROT_X);
        if (json_array_append_new(list, item) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *json_devices(const struct cor_image *img)
{
    json_t *list = json_array();
    for (unsigned int i = 1; list && i < img->nentries; i++) {
        json_t *item = json_pack("{s:s, s:s}", "name", img->mft[i].name, "type",
                                 device_type(img->mft[i].type));
        if (json_array_append_new(list, item) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* "s:o" with NULL makes json_pack fail and release the others, hence no checks between.
 */
static json_t *to_json(const struct inspected *in)
{
    const struct cor_image *img = &in->image;
    const char *target = cor_image_target_name(img->target);
    return json_pack("{s:s, s:b, s:{s:s, s:I}, s:I, s:s?, s:b, s:o, s:o, s:I}",
                     "machine", target, "runnable", in->runnable, "abi", "target",
                     target, "version", (json_int_t)img->version, "entry",
                     (json_int_t)img->entry, "entry_symbol",
                     *in->symbol ? in->symbol : NULL, "exec_only", img->exec_only,
                     "segments", json_segments(img), "devices", json_devices(img),
                     "memory_min", (json_int_t)cor_image_memory_min(img));
}

static int print_json(const struct inspected *in, FILE *out, struct cor_err *err)
{
    json_t *root = to_json(in);
    if (!root)
        return cor_err_os(err, ENOMEM, "%s", in->path);
    int r = json_dumpf(root, out, JSON_INDENT(2));
    json_decref(root);
    (void)fputc('\n', out);
    return r < 0 ? cor_err_set(err, EIO, "%s: cannot write the description", in->path)
                 : 0;
}

int mon_inspect_print(const char *path, int fd, bool json, FILE *out,
                      struct cor_err *err)
{
    struct inspected in = {.path = path};
    uint64_t offset;
    if (cor_image_read_any(fd, &in.image, err) < 0)
        return cor_err_wrap(err, "%s", path);
    in.runnable = in.image.target == COR_TARGET_HVT &&
                  (in.image.version == 1 || in.image.version == 2);
    if (cor_image_symbol(fd, in.image.entry, in.symbol, sizeof(in.symbol), &offset) <
            0 ||
        offset != 0)
        in.symbol[0] = '\0';
    if (!json)
        print_text(&in, out);
    else if (print_json(&in, out, err) < 0)
        return -err->code;
    if (fflush(out) != 0 || ferror(out))
        return cor_err_set(err, EIO, "%s: cannot write the description", path);
    return 0;
}
