#include "decide.h"

#include <float.h>

#include "score.h"

/* Keep, of the labels given, the one furthest above its threshold, as a ratio. */
static void keep_best(const Rule *rule, const double *scores, uint8_t *given) {
    size_t best = rule->n_labels;
    double most = -1;
    for (size_t k = 0; k < rule->n_labels; k++) {
        double least = rule->thresholds[k] > DBL_MIN ? rule->thresholds[k] : DBL_MIN;
        if (given[k] && scores[k] / least > most) {
            best = k;
            most = scores[k] / least;
        }
    }
    for (size_t k = 0; k < rule->n_labels; k++)
        given[k] = k == best;
}

int decide(const Rule *rule, const double *scores, const uint8_t *possible, int is_supported,
           uint8_t *given, uint8_t *reason) {
    int is_any_possible = 0, is_uncertain = 0;
    for (size_t k = 0; k < rule->n_labels; k++) {
        is_any_possible |= possible[k];
        given[k] = possible[k] && scores[k] >= rule->thresholds[k];
    }
    if (!rule->is_multi_label)
        keep_best(rule, scores, given);
    if (*reason == INSIDE && !is_any_possible)
        *reason = NOBODY_NAMED;
    if (!is_supported)
        *reason = LANGUAGE_UNSUPPORTED;
    for (size_t k = 0; k < rule->n_labels; k++) {
        const double low = rule->bounds[2 * k], high = rule->bounds[2 * k + 1];
        int is_other_possible = given[k] ? scores[k] <= high : scores[k] >= low;
        is_uncertain |= possible[k] && is_other_possible;
        given[k] &= *reason == INSIDE;
    }
    return is_uncertain && *reason == INSIDE;
}

void tell_possible(const uint64_t *about, uint64_t named, size_t n_labels,
                          uint8_t *possible) {
    for (size_t k = 0; k < n_labels; k++)
        possible[k] = about[k] == 0 || (about[k] & named) != 0;
}
