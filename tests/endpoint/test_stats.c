#include "endpoint/stats.h"

#include "check.h"

TEST(stats_count_and_quantiles) {
  wf_error err = WF_ERROR_INIT;
  wf_stats *stats;
  wf_stats_sum sum;
  REQUIRE_OK(wf_stats_new(&stats, 3, &err), err);
  wf_stats_read(&sum, stats);
  CHECK_SAME(wf_stats_quantile(&sum, 0.5), 0);
  for (int i = 1; i <= 1000; i++) wf_stats_add(stats, (size_t)i % 3, 200, 2, i * 10000);
  wf_stats_add(stats, 0, 404, 0, 1);
  wf_stats_add(stats, 2, 503, 0, 1);
  wf_stats_read(&sum, stats);
  CHECK_EQ_INT(sum.n_requests, 1000);
  CHECK_EQ_INT(sum.n_rows, 2000);
  CHECK_EQ_INT(sum.n_refused, 1);
  CHECK_EQ_INT(sum.n_failed, 1);
  CHECK_EQ_INT(sum.total_ns, 5005000000);
  CHECK_NEAR(wf_stats_quantile(&sum, 0.5), 5e6, 0.07);
  CHECK_NEAR(wf_stats_quantile(&sum, 0.99), 9.9e6, 0.07);
  wf_stats_release(wf_stats_retain(stats));
  wf_stats_release(stats);
}

TEST(stats_buckets_cover_everything) {
  /* Whatever the latency, one answer's quantile is within an eighth of it, up to the last bucket.
   */
  for (int64_t ns = 1; ns < 100000000000; ns = ns * 5 / 4 + 1) {
    wf_error err = WF_ERROR_INIT;
    wf_stats *stats;
    wf_stats_sum sum;
    REQUIRE_OK(wf_stats_new(&stats, 1, &err), err);
    wf_stats_add(stats, 0, 200, 1, ns);
    wf_stats_read(&sum, stats);
    double middle = wf_stats_quantile(&sum, 0.5);
    if (ns > 4096 && ns < 60000000000) CHECK_NEAR(middle, (double)ns, 0.08);
    CHECK(middle > 0);
    wf_stats_release(stats);
  }
}
