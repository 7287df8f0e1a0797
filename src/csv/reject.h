/* csv/reject.h — rows left out for a value that does not fit a given type. */
#ifndef WF_CSV_REJECT_H
#define WF_CSV_REJECT_H

#include "csv/plan.h"
#include "csv/records.h"

/* Takes such rows out of the records, where the options ask for it; each is told by its first such
 * value, in the order of columns. */
wf_status wf_csv_reject_misfits(wf_csv_records *records, const wf_csv_plan *plan, wf_error *err);

#endif
