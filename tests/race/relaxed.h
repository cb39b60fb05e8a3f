/* The planted race: included before everything else, it takes the order out of every release and
 * acquire. */
#ifndef TESTS_RACE_RELAXED_H
#define TESTS_RACE_RELAXED_H

#include <stdatomic.h>

#define memory_order_release memory_order_relaxed
#define memory_order_acquire memory_order_relaxed

#endif
