/* describe.c — what a value means, as one sentence about these groups.
 *
 * Most metrics say that one side does something more often than the other; the table holds what it
 * does and which side a positive value favours. */
#include "wf/bias.h"

#include "base/host_locale.h"

#include <math.h>
#include <stdio.h>

typedef enum kind { POINTS, AMOUNT, SHARE, RATIO, IMBALANCE, DISTANCE, INEQUALITY } kind;

typedef struct sentence {
  kind kind;
  bool d_first; /* positive: more for d */
  const char *text;
} sentence;

static const sentence sentences[WF_BIAS_METRICS] = {
    [WF_BIAS_CI] = {IMBALANCE, false, NULL},
    [WF_BIAS_DPL] = {POINTS, false, "has the favourable label"},
    [WF_BIAS_KL] = {DISTANCE, false, "Kullback-Leibler divergence"},
    [WF_BIAS_JS] = {DISTANCE, false, "Jensen-Shannon divergence"},
    [WF_BIAS_KS] = {DISTANCE, false, "largest difference"},
    [WF_BIAS_LP] = {DISTANCE, false, "Euclidean distance"},
    [WF_BIAS_TVD] = {DISTANCE, false, "total variation distance"},
    [WF_BIAS_CDDL] = {SHARE, true, "labels"},
    [WF_BIAS_CDDPL] = {SHARE, true, "predictions"},
    [WF_BIAS_DPPL] = {POINTS, false, "is predicted favourably"},
    [WF_BIAS_DI] = {RATIO, true, NULL},
    [WF_BIAS_AD] = {POINTS, false, "is predicted rightly"},
    [WF_BIAS_DAR] = {POINTS, false, "has the favourable label when predicted so"},
    [WF_BIAS_DRR] = {POINTS, true, "has the unfavourable label when predicted so"},
    [WF_BIAS_RD] = {POINTS, false, "is predicted favourably when labelled so"},
    [WF_BIAS_SD] = {POINTS, true, "is predicted unfavourably when labelled so"},
    [WF_BIAS_DCA] = {AMOUNT, false, "favourable labels per favourable prediction"},
    [WF_BIAS_DCR] = {AMOUNT, true, "unfavourable labels per unfavourable prediction"},
    [WF_BIAS_TE] = {AMOUNT, true, "wrongly unfavourable predictions per wrongly favourable one"},
    [WF_BIAS_GE] = {INEQUALITY, false, NULL},
};

static int write_points(char *out, size_t size, const char *text, double value, const char *first,
                        const char *second) {
  if (value == 0) return snprintf(out, size, "%s %s as often as %s", first, text, second);
  return snprintf(out, size, "%s %s %.1f percentage points more often than %s", first, text,
                  100 * value, second);
}

static int write_amount(char *out, size_t size, const char *text, double value, const char *first,
                        const char *second) {
  if (value == 0) return snprintf(out, size, "%s has as many %s as %s", first, text, second);
  if (isinf(value))
    return snprintf(out, size, "%s has infinitely more %s than %s", first, text, second);
  return snprintf(out, size, "%s has %.3g more %s than %s", first, value, text, second);
}

static int write_share(char *out, size_t size, const char *text, double value, const char *d) {
  if (value == 0) {
    return snprintf(out, size,
                    "within groups, %s is as large a part of unfavourable %s as of favourable ones",
                    d, text);
  }
  return snprintf(
      out, size,
      "within groups, %s's part of unfavourable %s is %.1f percentage points %s than of "
      "favourable ones",
      d, text, 100 * fabs(value), value > 0 ? "larger" : "smaller");
}

static int write_ratio(char *out, size_t size, double value, const char *d, const char *a) {
  if (value == 1) return snprintf(out, size, "%s is predicted favourably as often as %s", d, a);
  if (isinf(value)) return snprintf(out, size, "%s is never predicted favourably, %s is", a, d);
  return snprintf(out, size, "%s is predicted favourably %.3g times as often as %s", d, value, a);
}

static int describe(char *out, size_t size, wf_bias_metric metric, double value, const char *d,
                    const char *a) {
  const sentence *s = &sentences[metric];
  bool d_more = s->d_first == (value >= 0);
  const char *first = d_more ? d : a, *second = d_more ? a : d;
  int length = 0;
  switch (s->kind) {
  case POINTS: length = write_points(out, size, s->text, fabs(value), first, second); break;
  case AMOUNT: length = write_amount(out, size, s->text, fabs(value), first, second); break;
  case SHARE: length = write_share(out, size, s->text, value, d); break;
  case RATIO: length = write_ratio(out, size, value, d, a); break;
  case IMBALANCE:
    length = snprintf(out, size, "%s has %.1f %% of the rows and %s %.1f %%", d, 50 * (1 - value),
                      a, 50 * (1 + value));
    break;
  case DISTANCE:
    length =
        snprintf(out, size, "the label distributions of %s and %s are apart by %.3g (%s; 0: equal)",
                 d, a, value, s->text);
    break;
  case INEQUALITY:
    length = snprintf(out, size,
                      "benefits of single rows are spread by %.3g (generalised entropy; 0: every "
                      "row is treated alike)",
                      value);
    break;
  }
  return length;
}

size_t wf_bias_describe(char *out, size_t size, wf_bias_metric metric, double value, const char *d,
                        const char *a) {
  locale_t before = wf_locale_enter();
  int length = describe(out, size, metric, value, d, a);
  wf_locale_leave(before);
  return length > 0 ? (size_t)length : 0;
}
