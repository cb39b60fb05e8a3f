/* X.509 certificates, as far as rules name what is in them: who it is for, who issued it, and its
 * serial number. Signatures, dates and extensions are not looked at.
 *
 * Format: RFC 5280, 4.1 (certificates), 4.1.2.4 (names); X.690, 8 and 10 (DER); names of
 * attributes: X.520, RFC 2985, RFC 4519. The text of a name is Suricata's: in the order of the
 * certificate, "C=US, ST=Ohio, CN=a + OU=b", nothing escaped, an attribute without a name
 * OID(1.2.3)= strings                      as they are if that is UTF-8; BMPString as UTF-8 what is
 * no string            its bytes in upper case hex a string that is none of these makes the whole
 * name "<X509Error: Invalid X.509 name>" what follows behind something that is no attribute is left
 * out
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
