/*
 * config.h - one machine's configuration: the struct, and its JSON form version 1.
 *
 * The command line and the JSON text that runtime and daemon hand over end in the same
 * struct, checked by the same cor_config_check(). Resources are numbers of open
 * descriptors: a configuration names no path. monitor/config/config.schema.json
 * describes the JSON; the tests hold it against the decoder.
 */
#ifndef COR_CONFIG_CONFIG_H
#define COR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/base/err.h>

#define COR_CONFIG_VERSION       1
#define COR_CONFIG_JSON_MAX      65536u /* bytes of JSON text */
#define COR_CONFIG_DEPTH_MAX     8u     /* of nested objects and arrays */
#define COR_CONFIG_MAX_DEVS      63u    /* handles 1..63 */
#define COR_CONFIG_NAME_SIZE     68u    /* of a device's name, with the NUL */
#define COR_CONFIG_CMDLINE_SIZE  8192u  /* with the NUL */
#define COR_CONFIG_MEM_STEP      (2ULL << 20)
#define COR_CONFIG_MEM_MAX       (4ULL << 30)
#define COR_CONFIG_MEM_DEFAULT   (512ULL << 20)
#define COR_CONFIG_SECTOR_MIN    512u
#define COR_CONFIG_SECTOR_MAX    32768u
#define COR_CONFIG_MTU_MIN       68u
#define COR_CONFIG_MTU_MAX       65535u
#define COR_CONFIG_TIME_MAX_MS   86400000 /* a day */
#define COR_CONFIG_STALL_DEFAULT 30000
#define COR_CONFIG_STALL_FOREVER (-1)
#define COR_CONFIG_STALL_DROP    0
#define COR_CONFIG_STOP_DEFAULT  10000u

enum cor_config_dev_type { COR_CONFIG_BLOCK, COR_CONFIG_NET };

struct cor_config_dev {
    enum cor_config_dev_type type;
    char name[COR_CONFIG_NAME_SIZE]; /* [A-Za-z0-9]{1,67} */
    int fd;                          /* open descriptor; -1 none */
    bool readonly;                   /* block */
    uint32_t sector_size;            /* block: bytes, a power of two; 0 = 512 */
    bool has_mac;                    /* net */
    uint8_t mac[6];                  /* net, where has_mac */
    uint16_t mtu;                    /* net; 0 = ask the tap, else 1500 */
};

struct cor_config {
    uint64_t mem_size;     /* bytes, multiple of 2 MiB, 2 MiB..4 GiB */
    bool privileged_guest; /* ring 0 instead of confined */
    bool trace;
    int image_fd;                          /* -1: none given */
    char cmdline[COR_CONFIG_CMDLINE_SIZE]; /* arguments, joined by single spaces */
    unsigned int ndevs;
    struct cor_config_dev dev[COR_CONFIG_MAX_DEVS];
    int64_t console_stall_ms; /* how long a slow console reader may stall the guest:
                                 -1 for ever, 0 drop at once */
    int console_fd;           /* 1 unless told */
    int control_fd;           /* listening socket; -1 none */
    int exit_fd;              /* exit.json; -1 none */
    int core_fd;              /* core file of the guest; -1 none */
    int gdb_fd;               /* listening socket; -1 none */
    uint32_t stop_timeout_ms; /* graceful stop: deadline */
};

/**
 * cor_config_init() - the defaults: 512 MiB, no image, no device, console on 1.
 * @c: overwritten
 */
void cor_config_init(struct cor_config *c);

/**
 * cor_config_parse() - read a configuration from JSON, strictly.
 * @json: text, not NUL-terminated; foreign
 * @len: bytes, at most COR_CONFIG_JSON_MAX
 * @ret: meaningful only on success; owns nothing
 * @err: the caller's error, one line of printable ASCII that names the member
 *
 * Unknown and duplicate members, wrong types, trailing text, NUL characters and values
 * out of range are errors. What it accepts has passed cor_config_check().
 *
 * Context: the first call in a process puts a guard around Jansson's allocator, so no
 * other thread may be using Jansson during that one.
 *
 * Return: 0; -EFBIG for text past the limit; -EINVAL, -ERANGE, -E2BIG, -EEXIST for what
 * is wrong in it; -ENOMEM.
 */
int cor_config_parse(const char *json, size_t len, struct cor_config *ret,
                     struct cor_err *err);

/**
 * cor_config_check() - what must hold for every configuration, however it was made.
 * @c: a configuration; only members that its devices' types use are looked at
 * @err: the caller's error, naming the member as in JSON
 *
 * Ranges, names, and that no two devices share a name and no two members a descriptor.
 * Descriptors are -1 or at least 3 (the console: at least 1); whether they are open is
 * not looked at.
 *
 * Return: 0; -EINVAL or -ERANGE for a value, -E2BIG for too many devices, -EEXIST for a
 * name or descriptor used twice.
 */
int cor_config_check(const struct cor_config *c, struct cor_err *err);

/**
 * cor_config_encode() - write a configuration as JSON.
 * @c: a configuration; it is checked first
 * @ret: NUL-terminated text, written only on success; the caller frees it with free()
 * @err: the caller's error
 *
 * The command line becomes one element of "args", so that parsing gives it back as is.
 *
 * Return: 0; what cor_config_check() returns; -EILSEQ for a command line that is not
 * UTF-8, which JSON cannot hold; -EFBIG when the text would pass COR_CONFIG_JSON_MAX;
 * -ENOMEM.
 */
int cor_config_encode(const struct cor_config *c, char **ret, struct cor_err *err);

#endif
