/* net_ring ports: an ethdev whose wire is a ring. Names are unique in the process, since engines
 * follow each other inside one EAL. */
#include "dataplane/engine_parts.h"

#include "base/error.h"

#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>

#include <stdio.h>

static atomic_uint ports_made; /* for names alone */

int port_open(struct port *port, unsigned number, struct rte_mempool *mbufs, struct diags *diags)
{
    char name[RTE_RING_NAMESIZE];
    *port = (struct port){0};
    snprintf(name, sizeof name, "feed%u_%u", atomic_fetch_add(&ports_made, 1), number);
    port->ring =
        rte_ring_create(name, PORT_RING, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (!port->ring)
        return diag_error(diags, ERR_NOMEM, diag_file(NULL), NULL,
                          "no memory for the ring of worker %u", number);
    int id = rte_eth_from_rings(name, &port->ring, 1, &port->ring, 1, rte_socket_id());
    if (id < 0)
        return diag_error(diags, ERR_INTERNAL, diag_file(NULL), NULL, "no port for worker %u",
                          number);
    port->id = (uint16_t)id;
    port->open = true;
    struct rte_eth_conf conf = {0};
    if (rte_eth_dev_configure(port->id, 1, 1, &conf) ||
        rte_eth_tx_queue_setup(port->id, 0, PORT_RING, rte_socket_id(), NULL) ||
        rte_eth_rx_queue_setup(port->id, 0, PORT_RING, rte_socket_id(), NULL, mbufs) ||
        rte_eth_dev_start(port->id))
        return diag_error(diags, ERR_INTERNAL, diag_file(NULL), NULL,
                          "the port of worker %u does not start", number);
    return 0;
}

void port_close(struct port *port)
{
    char name[RTE_DEV_NAME_MAX_LEN];
    if (port->open && rte_eth_dev_get_name_by_port(port->id, name) == 0) {
        rte_eth_dev_stop(port->id);
        rte_vdev_uninit(name);
    }
    rte_ring_free(port->ring);
    *port = (struct port){0};
}

uint64_t port_received(const struct port *port)
{
    struct rte_eth_stats stats;
    return port->open && rte_eth_stats_get(port->id, &stats) == 0 ? stats.ipackets : 0;
}
