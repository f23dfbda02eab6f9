/*
 * proto.c - checking and filling in messages.
 */
#include <errno.h>
#include <string.h>

#include <cor/ctl/proto.h>

#define HEADER sizeof(struct cor_ctl_header)

/* Payload bytes of a type; -1 for one that does not exist; CONSOLE has a range. */
static long payload_of(uint16_t type)
{
    switch (type) {
    case COR_CTL_STATUS:
    case COR_CTL_PAUSE:
    case COR_CTL_RESUME:
    case COR_CTL_STATS:
    case COR_CTL_ATTACH:
    case COR_CTL_DETACH:
    case COR_CTL_PAUSE | COR_CTL_ANSWER:
    case COR_CTL_RESUME | COR_CTL_ANSWER:
    case COR_CTL_STOP | COR_CTL_ANSWER:
    case COR_CTL_ATTACH | COR_CTL_ANSWER:
    case COR_CTL_DETACH | COR_CTL_ANSWER:
        return 0;
    case COR_CTL_STOP:
        return sizeof(struct cor_ctl_stop);
    case COR_CTL_STATUS | COR_CTL_ANSWER:
        return sizeof(struct cor_ctl_status);
    case COR_CTL_STATS | COR_CTL_ANSWER:
        return sizeof(struct cor_ctl_stats);
    case COR_CTL_CONSOLE:
        return sizeof(struct cor_ctl_console);
    case COR_CTL_ERROR:
        return sizeof(struct cor_ctl_error);
    default:
        return -1;
    }
}

int cor_ctl_check(const struct cor_ctl_message *m, size_t size, struct cor_err *err)
{
    if (size < HEADER || m->header.magic != COR_CTL_MAGIC)
        return cor_err_set(err, EBADMSG, "not a control message");
    if (m->header.version < COR_CTL_VERSION_MIN || m->header.version > COR_CTL_VERSION)
        return cor_err_set(err, EPROTONOSUPPORT, "protocol version %u is not in %u..%u",
                           m->header.version, COR_CTL_VERSION_MIN, COR_CTL_VERSION);
    long payload = payload_of(m->header.type);
    if (payload < 0)
        return cor_err_set(err, EOPNOTSUPP, "no message of type 0x%x", m->header.type);
    size_t want = HEADER + (size_t)payload, least = want;
    if (m->header.type == COR_CTL_CONSOLE)
        least = HEADER + offsetof(struct cor_ctl_console, data) + 1;
    if (m->header.length != size || size < least || size > want)
        return cor_err_set(err, EMSGSIZE, "%s message of %zu bytes, length member %u",
                           cor_ctl_type_name(m->header.type), size, m->header.length);
    return 0;
}

size_t cor_ctl_fill(struct cor_ctl_message *m, uint16_t version, uint16_t type,
                    uint32_t id, size_t payload)
{
    m->header = (struct cor_ctl_header){.magic = COR_CTL_MAGIC,
                                        .version = version,
                                        .type = type,
                                        .length = (uint32_t)(HEADER + payload),
                                        .id = id};
    return HEADER + payload;
}

const char *cor_ctl_type_name(unsigned int type)
{
    static const char *const names[] = {"unknown", "STATUS", "PAUSE",  "RESUME",
                                        "STOP",    "STATS",  "ATTACH", "DETACH"};
    if (type == COR_CTL_CONSOLE)
        return "CONSOLE";
    if (type == COR_CTL_ERROR)
        return "ERROR";
    type &= ~COR_CTL_ANSWER;
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

const char *cor_ctl_state_name(unsigned int state)
{
    switch (state) {
    case COR_CTL_STATE_CREATED:
        return "created";
    case COR_CTL_STATE_RUNNING:
        return "running";
    case COR_CTL_STATE_PAUSED:
        return "paused";
    case COR_CTL_STATE_STOPPING:
        return "stopping";
    case COR_CTL_STATE_STOPPED:
        return "stopped";
    default:
        return "unknown";
    }
}
