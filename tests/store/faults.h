/* faults.h — what test_faults.c offers to the other tests of this folder. */
#ifndef WF_TESTS_STORE_FAULTS_H
#define WF_TESTS_STORE_FAULTS_H

#include <stdbool.h>

/* fsync says yes and does nothing. */
void faults_pretend_to_sync(bool pretend);

#endif
