/* wf.h — everything libwf offers a C program. What is not in this header or those it includes is
 * private. */
#ifndef WF_H
#define WF_H

#include "wf/arrow.h"
#include "wf/base.h"
#include "wf/bias.h"
#include "wf/catalog.h"
#include "wf/csv.h"
#include "wf/jsonl.h"
#include "wf/libsvm.h"
#include "wf/endpoint.h"
#include "wf/engine.h"
#include "wf/explain.h"
#include "wf/forest.h"
#include "wf/frame.h"
#include "wf/http.h"
#include "wf/matrix.h"
#include "wf/metrics.h"
#include "wf/model.h"
#include "wf/monitor.h"
#include "wf/recipe.h"
#include "wf/reshape.h"
#include "wf/shap.h"
#include "wf/store.h"
#include "wf/transform.h"
#include "wf/xgboost.h"

#endif
