/* labels.kernel._kernel: the kernel as a Python module, in the stable ABI. __init__.py documents
   it. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

Work *take_work(Kernel *self) {
    Work *work = self->n_idle ? self->idle[--self->n_idle] : calloc(1, sizeof(Work));
    if (work == NULL)
        PyErr_NoMemory();
    return work;
}

void give_back(Kernel *self, Work *work) {
    /* A workspace that one very long text has blown up is not kept. */
    if (self->n_idle < MAX_IDLE && work->size_text < 100000) {
        self->idle[self->n_idle++] = work;
        return;
    }
    work_free(work);
    free(work);
}

static void kernel_free(Kernel *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (int i = 0; i < self->n_idle; i++) {
        work_free(self->idle[i]);
        free(self->idle[i]);
    }
    for (int i = 0; i < self->n_arrays; i++) {
        PyBuffer_Release(&self->buffers[i]);
        free(self->names[i]);
    }
    PyObject_Free(self);
    Py_DECREF(type);
}

static int hold_one(Kernel *self, PyObject *name, PyObject *given, Array *array) {
    int i = self->n_arrays;
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(name, &n);
    if (text == NULL)
        return 0;
    if (i == MAX_ARRAYS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return 0;
    }
    Py_buffer *buffer = &self->buffers[i];
    if (PyObject_GetBuffer(given, buffer, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    self->n_arrays++;
    self->names[i] = malloc((size_t)n + 1);
    if (self->names[i] == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    memcpy(self->names[i], text, (size_t)n + 1);
    *array = (Array){self->names[i], buffer->buf, (size_t)buffer->len, (size_t)buffer->itemsize};
    return 1;
}

static int hold(Kernel *self, PyObject *tables, Array *arrays) {
    /* A list of our own: to ask for a buffer may run code that changes the dictionary. */
    PyObject *items = PyDict_Items(tables);
    int is_held = items != NULL;
    for (Py_ssize_t i = 0; is_held && i < PyList_Size(items); i++) {
        PyObject *item = PyList_GetItem(items, i);
        is_held = hold_one(self, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1), &arrays[i]);
    }
    Py_XDECREF(items);
    return is_held;
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"tables", NULL};
    PyObject *tables;
    Array arrays[MAX_ARRAYS];
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!", names, &PyDict_Type, &tables))
        return NULL;
    Kernel *self = (Kernel *)PyType_GenericAlloc(type, 0);
    if (self == NULL)
        return NULL;
    const char *problem = NULL;
    if (hold(self, tables, arrays))
        problem = tables_open(&self->tables, arrays, (size_t)self->n_arrays);
    if (problem != NULL)
        PyErr_SetString(PyExc_ValueError, problem);
    if (PyErr_Occurred()) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return (PyObject *)self;
}

static PyMethodDef kernel_methods[] = {
    {"score", (PyCFunction)(void (*)(void))kernel_score, METH_FASTCALL, NULL},
    {"identify", (PyCFunction)(void (*)(void))kernel_identify, METH_FASTCALL, NULL},
    {"language", kernel_language, METH_O, NULL},
    {"answer", (PyCFunction)(void (*)(void))kernel_answer, METH_FASTCALL, NULL},
    {"count", (PyCFunction)(void (*)(void))kernel_count, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot kernel_slots[] = {
    {Py_tp_new, kernel_new},
    {Py_tp_dealloc, kernel_free},
    {Py_tp_methods, kernel_methods},
    {0, NULL},
};

static PyType_Spec kernel_spec = {
    .name = "labels.kernel._kernel.Kernel",
    .basicsize = sizeof(Kernel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = kernel_slots,
};

static PyMethodDef functions[] = {
    {"decide", (PyCFunction)(void (*)(void))decide_all, METH_FASTCALL, NULL},
    {"make_keys", make_keys_of_texts, METH_VARARGS, NULL},
    {"make_pair_keys", make_pair_keys, METH_VARARGS, NULL},
    {"make_hash_table", make_hash_table, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "labels.kernel._kernel",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__kernel(void) {
    PyObject *made = PyModule_Create(&module);
    PyObject *type = made ? PyType_FromSpec(&kernel_spec) : NULL;
    if (type == NULL || PyModule_AddObjectRef(made, "Kernel", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(made);
        return NULL;
    }
    Py_DECREF(type);
    return made;
}
