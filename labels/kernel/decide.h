/* From scores to labels: what service/decisions.py defines. */
#ifndef STANCE_DECIDE_H
#define STANCE_DECIDE_H

#include <stddef.h>
#include <stdint.h>

/* How a model decides: a threshold a label, and two bounds between which it is uncertain. */
typedef struct {
    size_t n_labels;
    const double *thresholds, *bounds;
    int is_multi_label;
} Rule;

/* Decide for one sentence, of whose labels some are possible. reason comes in as what the reading
   says of it, and goes out as why it gets no label. Returns whether it is uncertain. */
int decide(const Rule *rule, const double *scores, const uint8_t *possible, int is_supported,
           uint8_t *given, uint8_t *reason);

/* A label is possible if the sentence names somebody whom it is about, or it is about nobody. */
void tell_possible(const uint64_t *about, uint64_t named, size_t n_labels, uint8_t *possible);

#endif
