/* Parameters of MIME's fields, and names of files in them: RFC 2045, 5.1 (parameters); RFC
 * 2183, 2.3 (filename); RFC 2231, 3 and 4 (in sections, with characters encoded); RFC 2047 (encoded
 * words, which senders put there though 5 (3) forbids it).
 */
#ifndef PROTO_MIME_NAME_H
#define PROTO_MIME_NAME_H

#include "base/bytes.h"

#define MIME_NAME_MAX 255 /* what is beyond is cut, as in Suricata */

/* One name as it is written and as a reader is shown it: the second one only where it differs. */
struct mime_name {
    uint16_t len, len_shown;
    bool found; /* there is one, perhaps an empty one */
    bool shown; /* there is a second one */
    uint8_t bytes[MIME_NAME_MAX], bytes_shown[MIME_NAME_MAX];
};

/* mime_parameter: of a field's value, without quotes; the last one of this name, whatever case it
 * is in. False: there is none. */
bool mime_parameter(struct bytes value, const char *name, struct bytes *out);
/* mime_name: what a parameter names a file. As it is written: the parameter of this name, else its
 * sections one behind the other; where there is neither, what a reader is shown stands for it. */
void mime_name(struct bytes value, const char *name, struct mime_name *out);

#endif
