#include "bench/exercise/message.h"

#include <stdlib.h>
#include <string.h>

uint8_t *message_room(struct message *m, size_t len)
{
    if (len > MESSAGE_ROOM - m->len)
        abort();
    m->len += len;
    return m->data + m->len - len;
}

void message_put(struct message *m, const void *data, size_t len)
{
    memcpy(message_room(m, len), data, len);
}

void message_noise(struct message *m, struct random *r, size_t len)
{
    random_fill(r, message_room(m, len), len);
}
