/* Sensors: which observation point each capture of a run is of, as a person states it. What a
 * capture says of itself is not asked: one interface's name may stand for several taps, and two
 * interfaces may show the same packets. */
#ifndef APP_SENSORS_H
#define APP_SENSORS_H

#include "app/options.h"

#include <stdint.h>

struct sensors {
    uint8_t *points; /* one a capture, from 1 in the order of names; NULL: not stated */
    unsigned n;      /* distinct ones */
};

/* sensors_read: words NAME=CAPTURE; the captures are added to those that were given, of which there
 * must be none then. ERR_USAGE with a diagnostic, ERR_NOMEM; sensors_free is due in any case. */
int sensors_read(struct sensors *out, const struct option_list *words, struct option_list *captures,
                 struct diags *diags);
void sensors_free(struct sensors *s);

#endif
