/* encode.c — response bodies and content negotiation (RFC 9110 12.5.1, without its exotic parts:
 * parameters of accepted types do not matter, q-values order the choices). */
#include "endpoint/encode.h"

#include "base/json.h"
#include "base/number.h"
#include "http/parse.h"

#include <math.h>
#include <string.h>

static const struct {
  wf_format format;
  const char *type, *stated;
} types[] = {
    {WF_FORMAT_CSV, "text/csv", "text/csv; charset=utf-8"},
    {WF_FORMAT_JSON, "application/json", "application/json"},
    {WF_FORMAT_JSONLINES, "application/jsonlines", "application/jsonlines"},
    {WF_FORMAT_JSONLINES, "application/x-ndjson", "application/jsonlines"},
};
enum { N_TYPES = sizeof types / sizeof *types };

const char *wf_format_type(wf_format format) { return types[format].stated; }

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static wf_view trimmed(const char *begin, const char *end) {
  while (begin < end && is_blank(*begin)) begin++;
  while (end > begin && is_blank(end[-1])) end--;
  return (wf_view){begin, (size_t)(end - begin)};
}

/* Takes the part before `separator` off the front of `*rest`, trimmed. */
static wf_view take(wf_view *rest, char separator) {
  const char *begin = rest->data, *end = begin + rest->size;
  const char *at = rest->size ? memchr(begin, separator, rest->size) : NULL;
  *rest = at ? (wf_view){at + 1, (size_t)(end - at - 1)} : (wf_view){end, 0};
  return trimmed(begin, at ? at : end);
}

bool wf_format_of_type(wf_format *out, wf_view content_type) {
  wf_view rest = content_type, type = take(&rest, ';');
  while (rest.size) {
    wf_view parameter = take(&rest, ';');
    if (parameter.size && !wf_http_equal_name(parameter, "charset=utf-8") &&
        !wf_http_equal_name(parameter, "charset=\"utf-8\"")) {
      return false;
    }
  }
  for (size_t i = 0; i < N_TYPES; i++) {
    if (wf_http_equal_name(type, types[i].type)) return *out = types[i].format, true;
  }
  return false;
}

/* Thousandths; anything odd counts as 1. */
static int quality(wf_view parameters) {
  while (parameters.size) {
    wf_view parameter = take(&parameters, ';');
    double q;
    if (parameter.size < 3 || !wf_http_equal_name((wf_view){parameter.data, 2}, "q=")) continue;
    if (wf_parse_f64((wf_view){parameter.data + 2, parameter.size - 2}, false, &q) && q >= 0 &&
        q <= 1) {
      return (int)(q * 1000);
    }
  }
  return 1000;
}

/* The format one media range stands for; `own` where that is possible. */
static bool range_format(wf_format *out, wf_view range, wf_format own) {
  bool csv = own == WF_FORMAT_CSV;
  if (wf_http_equal_name(range, "*/*")) return *out = own, true;
  if (wf_http_equal_name(range, "text/*")) return *out = WF_FORMAT_CSV, true;
  if (wf_http_equal_name(range, "application/*")) return *out = csv ? WF_FORMAT_JSON : own, true;
  return wf_format_of_type(out, range);
}

bool wf_format_accepted(wf_format *out, wf_view accept, wf_format own) {
  int best = 0;
  if (accept.size == 0) return *out = own, true;
  while (accept.size) {
    wf_view parameters = take(&accept, ','), range = take(&parameters, ';');
    wf_format format;
    if (!range_format(&format, range, own)) continue;
    int q = quality(parameters);
    if (q > best || (q == best && q > 0 && format == own)) {
      *out = format;
      best = q;
    }
  }
  return best > 0;
}

/* ---- scores -----------------------------------------------------------------------------------
 */

static void add_score(wf_bytes *out, float score, bool json) {
  char text[WF_NUMBER_TEXT];
  if (json && !isfinite(score)) {
    wf_bytes_text(out, "null");
  } else {
    wf_bytes_add(out, text, wf_format_f32(text, score));
  }
}

static void add_list(wf_bytes *out, const float *scores, size_t n, bool json) {
  for (size_t i = 0; i < n; i++) {
    if (i) wf_bytes_char(out, ',');
    add_score(out, scores[i], json);
  }
}

size_t wf_best_score(const float *scores, size_t n) {
  size_t best = 0;
  for (size_t i = 1; i < n; i++) {
    if (scores[i] > scores[best]) best = i;
  }
  return best;
}

static void add_scores(wf_bytes *out, const float *scores, size_t n) {
  if (n == 1) {
    wf_bytes_text(out, "{\"score\":");
    add_score(out, scores[0], true);
    return;
  }
  char label[WF_NUMBER_TEXT];
  wf_format_i64(label, (int64_t)wf_best_score(scores, n));
  wf_bytes_text(out, "{\"scores\":[");
  add_list(out, scores, n, true);
  wf_bytes_text(out, "],\"predicted_label\":");
  wf_bytes_text(out, label);
}

/* ---- reasons ----------------------------------------------------------------------------------
 */

static void add_why_members(wf_bytes *out, const wf_why *why) {
  wf_bytes_text(out, ",\"base\":");
  add_score(out, (float)why->base, true);
  wf_bytes_text(out, ",\"reasons\":[");
  for (size_t i = 0; i < why->n_reasons; i++) {
    wf_bytes_text(out, i ? ",{\"column\":" : "{\"column\":");
    wf_json_add_string(out, wf_view_of(why->reasons[i].column));
    wf_bytes_text(out, ",\"contribution\":");
    add_score(out, (float)why->reasons[i].contribution, true);
    wf_bytes_char(out, '}');
  }
  wf_bytes_text(out, "],\"rest\":");
  add_score(out, (float)why->rest, true);
}

/* A name as a field of CSV: quoted where it must be. */
static void add_field(wf_bytes *out, const char *name) {
  if (!strpbrk(name, ",\"\r\n")) {
    wf_bytes_text(out, name);
    return;
  }
  wf_bytes_char(out, '"');
  for (; *name; name++) {
    if (*name == '"') wf_bytes_char(out, '"');
    wf_bytes_char(out, *name);
  }
  wf_bytes_char(out, '"');
}

static void add_why_fields(wf_bytes *out, const wf_why *why) {
  for (size_t i = 0; i < why->n_asked; i++) {
    wf_bytes_char(out, ',');
    if (i < why->n_reasons) add_field(out, why->reasons[i].column);
    wf_bytes_char(out, ',');
    if (i < why->n_reasons) add_score(out, (float)why->reasons[i].contribution, false);
  }
}

/* ---- responses --------------------------------------------------------------------------------
 */

void wf_encoder_begin(wf_encoder *e) {
  e->n_rows = 0;
  if (e->format == WF_FORMAT_JSON) wf_bytes_text(e->out, "{\"predictions\":[");
}

void wf_encoder_row(wf_encoder *e, const float *scores, const wf_why *why) {
  if (e->format == WF_FORMAT_JSON && e->n_rows) wf_bytes_char(e->out, ',');
  e->n_rows++;
  if (e->format == WF_FORMAT_CSV) {
    add_list(e->out, scores, e->n_outputs, false);
    if (why) add_why_fields(e->out, why);
  } else {
    add_scores(e->out, scores, e->n_outputs);
    if (why) add_why_members(e->out, why);
    wf_bytes_char(e->out, '}');
  }
  if (e->format != WF_FORMAT_JSON) wf_bytes_char(e->out, '\n');
}

void wf_encoder_rows(wf_encoder *e, const float *scores, size_t n_rows) {
  for (size_t row = 0; row < n_rows; row++) wf_encoder_row(e, scores + row * e->n_outputs, NULL);
}

void wf_encoder_end(wf_encoder *e) {
  if (e->format == WF_FORMAT_JSON) wf_bytes_text(e->out, "]}\n");
}
