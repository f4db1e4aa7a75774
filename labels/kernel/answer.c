/* The answers to the sentences of one text, as Python's own objects: arrays for a few sentences take
   longer than the sentences. */
#include "kernel.h"

#include <stdlib.h>

#include "decide.h"
#include "score.h"

enum { ABOUT, THRESHOLDS, BOUNDS, N_RULES };

/* What is found for sentences; scores, possible and given hold a row of labels for each. */
typedef struct {
    size_t n_labels;
    double *scores, *known;
    uint8_t *possible, *given, *reason, *is_uncertain;
} Answers;

static int make_room(Answers *answers, size_t n) {
    size_t n_cells = n * answers->n_labels;
    answers->scores = malloc((n_cells + n + 1) * sizeof(double));
    answers->possible = malloc(2 * n_cells + 2 * n + 1);
    if (answers->scores == NULL || answers->possible == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    answers->known = answers->scores + n_cells;
    answers->given = answers->possible + n_cells;
    answers->reason = answers->given + n_cells;
    answers->is_uncertain = answers->reason + n;
    return 1;
}

/* Find the answers to all sentences, up to the first that only Python can read. */
static Status find_all(const Tables *t, Work *work, const Texts *texts, const uint64_t *about,
                       const Rule *rule, int is_supported, Answers *to) {
    for (size_t i = 0; i < texts->n; i++) {
        size_t at = i * to->n_labels;
        Answer answer;
        Status status = score_text(t, work, texts->utf8[i], texts->n_bytes[i], 0, to->scores + at,
                                   &answer);
        if (status != READ)
            return status;
        tell_possible(about, answer.named, to->n_labels, to->possible + at);
        to->known[i] = answer.known;
        to->reason[i] = answer.outside;
        to->is_uncertain[i] = (uint8_t)decide(rule, to->scores + at, to->possible + at,
                                              is_supported, to->given + at, to->reason + i);
    }
    return READ;
}

/* The ids of those labels that are marked. */
static PyObject *marked(PyObject *ids, const uint8_t *marks, size_t n_labels) {
    Py_ssize_t n = 0;
    for (size_t k = 0; k < n_labels; k++)
        n += marks[k] != 0;
    PyObject *result = PyTuple_New(n);
    n = 0;
    for (size_t k = 0; k < n_labels && result != NULL; k++)
        if (marks[k])
            PyTuple_SetItem(result, n++, Py_NewRef(PyTuple_GetItem(ids, (Py_ssize_t)k)));
    return result;
}

static PyObject *scores_by_label(PyObject *ids, const double *scores, size_t n_labels) {
    PyObject *result = PyDict_New();
    for (size_t k = 0; k < n_labels && result != NULL; k++) {
        PyObject *score = PyFloat_FromDouble(scores[k]);
        if (score == NULL || PyDict_SetItem(result, PyTuple_GetItem(ids, (Py_ssize_t)k), score) < 0)
            Py_CLEAR(result);
        Py_XDECREF(score);
    }
    return result;
}

static PyObject *tell_one(const Answers *answers, size_t i, PyObject *ids, PyObject *reasons) {
    const size_t n_labels = answers->n_labels, at = i * n_labels;
    const uint8_t reason = answers->reason[i];
    PyObject *items[6] = {
        marked(ids, answers->given + at, n_labels),
        scores_by_label(ids, answers->scores + at, n_labels),
        /* What gets no label anyway is not asked which it could carry. */
        reason == INSIDE ? marked(ids, answers->possible + at, n_labels) : PyTuple_New(0),
        PyFloat_FromDouble(answers->known[i]),
        Py_NewRef(PyTuple_GetItem(reasons, reason)),
        PyBool_FromLong(answers->is_uncertain[i]),
    };
    int is_whole = 1;
    for (int k = 0; k < 6; k++)
        is_whole &= items[k] != NULL;
    PyObject *result = is_whole ? PyTuple_New(6) : NULL;
    for (int k = 0; k < 6; k++) {
        if (result != NULL)
            PyTuple_SetItem(result, k, items[k]);
        else
            Py_XDECREF(items[k]);
    }
    return result;
}

static PyObject *tell_all(const Answers *answers, size_t n, PyObject *ids, PyObject *reasons) {
    PyObject *result = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; i < n && result != NULL; i++) {
        PyObject *told = tell_one(answers, i, ids, reasons);
        if (told == NULL)
            Py_CLEAR(result);
        else
            PyList_SetItem(result, (Py_ssize_t)i, told);
    }
    return result;
}

static PyObject *answer_all(Kernel *self, const Texts *texts, int is_supported, PyObject *ids,
                            PyObject *reasons, const Py_buffer *rules, int is_multi_label) {
    const Rule rule = {self->tables.n_labels, rules[THRESHOLDS].buf, rules[BOUNDS].buf,
                       is_multi_label};
    Answers answers = {.n_labels = rule.n_labels};
    PyObject *result = NULL;
    Work *work = make_room(&answers, texts->n) ? take_work(self) : NULL;
    if (work != NULL) {
        Status status;
        Py_BEGIN_ALLOW_THREADS;
        status = find_all(&self->tables, work, texts, rules[ABOUT].buf, &rule, is_supported,
                          &answers);
        Py_END_ALLOW_THREADS;
        give_back(self, work);
        if (status == NO_MEMORY)
            PyErr_NoMemory();
        else
            result = status == READ ? tell_all(&answers, texts->n, ids, reasons) : Py_NewRef(Py_None);
    }
    free(answers.scores);
    free(answers.possible);
    return result;
}

/* answer(sentences, is_supported, ids, reasons, about, thresholds, bounds, is_multi_label)
   -> for each its labels, scores, possible labels, share of known words, reason, and whether it is
   uncertain; None if one of them must be read by Python */
PyObject *kernel_answer(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
    Kernel *self = (Kernel *)object;
    const size_t n_labels = self->tables.n_labels;
    const Column columns[N_RULES] = {
        [ABOUT] = {n_labels, sizeof(uint64_t), .is_read = 1, .is_per_model = 1},
        [THRESHOLDS] = {n_labels, sizeof(double), .is_read = 1, .is_per_model = 1},
        [BOUNDS] = {2 * n_labels, sizeof(double), .is_read = 1, .is_per_model = 1},
    };
    Py_buffer rules[N_RULES];
    Texts texts;
    PyObject *result = NULL;
    if (n_args != 8 || !PyTuple_Check(args[2]) || !PyTuple_Check(args[3]) ||
        (size_t)PyTuple_Size(args[2]) != n_labels ||
        PyTuple_Size(args[3]) != LANGUAGE_UNSUPPORTED + 1) {
        PyErr_SetString(PyExc_TypeError, "answer takes texts, a flag, the ids of all labels, all "
                                         "reasons, three arrays and a flag");
        return NULL;
    }
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_arrays(args + 4, rules, columns, N_RULES, texts.n)) {
        result = answer_all(self, &texts, args[1] == Py_True, args[2], args[3], rules,
                            args[7] == Py_True);
        close_arrays(rules, N_RULES);
    }
    close_texts(&texts);
    return result;
}
