/* endpoint/decode.h — request bodies to rows of a block. */
#ifndef WF_ENDPOINT_DECODE_H
#define WF_ENDPOINT_DECODE_H

#include "endpoint/predict.h"

/* The dialect, missing markers and numbers of wf/csv.h, so that a line means here what it means in
 * a file. Without a header the number of fields says whether they are raw columns or features (raw
 * where both numbers are the same); a first record that holds only names the model knows is a
 * header. */
wf_status wf_decode_csv(wf_block *block, wf_view body, wf_error *err);

/* {"instances":[…]} of instances, an array of them, {"columns":[…],"data":[[…],…]}, or one
 * instance:
 * {"features":[…]}, {"name":value,…}, or […] of plain values. */
wf_status wf_decode_json(wf_block *block, wf_view body, wf_error *err);
/* One instance on each line that is not blank. */
wf_status wf_decode_jsonlines(wf_block *block, wf_view body, wf_error *err);

/* For `n` distinct fields whose places are in the scratch layout: all inputs make a raw row, else
 * all features an encoded one; scratch->fields_of then says where each is. WF_NOTFOUND names the
 * first input that is absent. */
wf_status wf_decode_arrange(wf_row_kind *kind, wf_block *block, size_t n, wf_error *err);
/* The kind of a row of `n` fields without names. */
wf_status wf_decode_kind_of_count(wf_row_kind *out, const wf_block *block, size_t n, wf_error *err);

#endif
