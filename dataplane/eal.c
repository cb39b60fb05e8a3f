/* Starting DPDK's environment with arguments that suit the machine: no hugepages, no PCI devices,
 * no files that other processes could see. */
#include "dataplane/engine.h"

#include "base/error.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <sched.h>
#include <stdio.h>

int engine_eal_start(unsigned memory_mb, struct diags *diags)
{
    char memory[16], lcores[16];
    cpu_set_t allowed;
    int cpu = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed))
        CPU_ZERO(&allowed);
    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &allowed))
        cpu++;
    snprintf(memory, sizeof memory, "%u", memory_mb);
    snprintf(lcores, sizeof lcores, "0@%d", CPU_COUNT(&allowed) ? cpu : 0);
    const char *args[] = {"plimsoll",       "--no-huge",   "--no-pci", "--no-shconf",
                          "--no-telemetry", "--log-level", "error",    "-m",
                          memory,           "--lcores",    lcores,     NULL};
    rte_log_set_global_level(RTE_LOG_ERR);
    /* EAL reorders the pointers and leaves the texts as they are. */
    if (rte_eal_init(sizeof args / sizeof args[0] - 1, (char **)args) < 0)
        return diag_error(diags, ERR_INTERNAL, diag_file(NULL), "see the lines above from EAL",
                          "DPDK does not start: %s", rte_strerror(rte_errno));
    /* EAL pins this thread, and threads made later would inherit that; each engine pins its own. */
    if (CPU_COUNT(&allowed))
        sched_setaffinity(0, sizeof allowed, &allowed);
    return 0;
}

void engine_eal_stop(void)
{
    rte_eal_cleanup();
}
