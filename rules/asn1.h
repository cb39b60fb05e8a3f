/* Values in BER as the keyword asn1 asks of them. Inside rules/. */
#ifndef RULES_ASN1_H
#define RULES_ASN1_H

#include "rules/signature.h"

/* Bits of byte_step.op. */
#define ASN1_OVERSIZE  1u /* a length above byte_step.value */
#define ASN1_BITSTRING 2u /* more bits are left out than there are */
#define ASN1_DOUBLE    4u /* a real number as text, of more than 256 bytes */

/* asn1_holds: is there a value for which one of them holds? Of the values that follow each other
 * from the start of data, up to the first that is none or not whole, and of those that are in them.
 */
bool asn1_holds(const struct byte_step *ask, const uint8_t *data, size_t len);

#endif
