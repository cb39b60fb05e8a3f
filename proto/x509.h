/* X.509 certificates, as far as rules name what is in them: who it is for, who issued it, and its
 * serial number. Signatures, dates and extensions are not looked at.
 *
 * Format: RFC 5280, 4.1 (certificates), 4.1.2.4 (names); X.690, 8 and 10 (DER); names of
 * attributes: X.520, RFC 2985, RFC 4519.
 *
 * The text of a name is Suricata's, in the order of the certificate, with nothing escaped: "C=US,
 * ST=Ohio, CN=a + OU=b", the latter of one set.
 *
 * - An attribute that has no name there is OID(1.2.3).
 * - Strings are as they are if that is UTF-8, BMPString is made UTF-8, other values are shown
 *   in upper case hex.
 * - A string that is neither makes the whole name "<X509Error: Invalid X.509 name>".
 * - A set ends with something that is no attribute, the name with a set that has none.
 */
#ifndef PROTO_X509_H
#define PROTO_X509_H

#include "proto/scratch.h"

/* Views into the certificate. */
struct x509 {
    struct bytes serial;          /* its bytes */
    struct bytes issuer, subject; /* of a name: its attributes, DER */
};

/* x509_read: false if this is no certificate. */
bool x509_read(struct bytes der, struct x509 *out);
/* x509_name: append the text of a name. */
void x509_name(struct scratch_text *t, struct bytes name);

#endif
