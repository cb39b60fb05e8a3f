/* Numbers of the protocols that IP carries (RFC 791, 3.1, "protocol"; IANA, "Protocol Numbers"). */
#ifndef BASE_IP_PROTOCOL_H
#define BASE_IP_PROTOCOL_H

enum ip_protocol { IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_AH = 51, IP_ICMP6 = 58, IP_SCTP = 132 };

#endif
