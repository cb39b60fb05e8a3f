/* Fingerprints of hellos.
 *
 * JA3 and JA3S: the texts and rules of github.com/salesforce/ja3. Numbers as they come, decimal,
 * joined by "-", values of GREASE left out; lists joined by ",".
 *
 * - Of the client: version, ciphers, extensions, groups, point formats.
 * - Of the server: version, cipher, extensions.
 *
 * The hash is the text's MD5. Where the list of extensions is unknown the text ends before it and
 * there is no hash, as in Suricata.
 *
 * JA4: "JA4: TLS Client Fingerprinting" of github.com/FoxIO-LLC/ja4 (technical_details/JA4.md). It
 * says what Suricata 7 makes otherwise: the version is the highest of supported_versions (Suricata:
 * not below the field of the hello, and of the list only the first it knows); without ciphers or
 * extensions twelve zeros are shown (Suricata: the hash of nothing), and without signature
 * algorithms there is no "_" behind the extensions (Suricata: there is). A first protocol of ALPN
 * that is GREASE counts as none, as in Suricata.
 */
#ifndef PROTO_JA3_H
#define PROTO_JA3_H

#include "proto/scratch.h"
#include "proto/tls_hello.h"

#define JA4_LEN      36
#define JA4_LIST_MAX 512 /* of ciphers, or of extensions; over that there is no JA4 */

/* What JA3S needs of a server's hello, to be kept. */
#define JA3S_EXTENSIONS_MAX 256
struct ja3s {
    uint16_t version, cipher;
    uint16_t n;    /* extensions, without GREASE */
    bool too_many; /* there were more: no JA3S */
    bool broken;   /* they are unknown */
    uint16_t extensions[JA3S_EXTENSIONS_MAX];
};
void ja3s_keep(const struct tls_hello *hello, struct ja3s *out);

/* These append their text. */
void ja3_client_text(struct scratch_text *t, const struct tls_hello *hello);
void ja3_server_text(struct scratch_text *t, const struct ja3s *server);
void ja3_hash(struct scratch_text *t, struct bytes text);
/* ja4_client: needs room behind the text's end for what it hashes. false: nothing was appended,
 * there were too many or that room is too small. */
bool ja4_client(struct scratch_text *t, const struct tls_hello *hello);

#endif
