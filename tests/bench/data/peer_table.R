# The data benchmark in data.table: prints {task: seconds}.
suppressMessages(library(data.table))
setDTthreads(2)
args <- commandArgs(trailingOnly = TRUE)
task <- args[1]; mixed <- args[2]; right <- args[3]; out <- args[4]
times <- list()
timed <- function(name, expression) {
  begin <- proc.time()[["elapsed"]]
  result <- force(expression)
  times[[name]] <<- proc.time()[["elapsed"]] - begin
  result
}
if (task == "read") {
  times$rows <- nrow(timed("read", fread(mixed, showProgress = FALSE)))
} else if (task == "verbs") {
  frame <- fread(mixed, showProgress = FALSE); numbers <- paste0("f", 0:7)
  keys <- frame[, .(target = mean(f0, na.rm = TRUE)), by = .(c6, c7)]
  timed("sort", frame[order(i5)])
  timed("sort_3", frame[order(c4, i2, f7)])
  timed("filter", frame[f0 > 0 & i4 < 60])
  timed("group_texts", frame[, .(n = .N, a = mean(f0, na.rm = TRUE), b = sum(f1, na.rm = TRUE), c = min(f2, na.rm = TRUE),
    d = max(f3, na.rm = TRUE)), by = .(c4, c6)])
  timed("join_texts", keys[frame, on = c("c6", "c7")])
  timed("value_counts", frame[, .N, by = c7][order(-N)])
  timed("unique", unique(frame$i7))
  timed("describe", summary(frame))
  timed("correlation", cor(frame[, ..numbers], use = "pairwise.complete.obs"))
  timed("concat", rbind(frame, frame))
  timed("arithmetic", copy(frame)[, z := (f0 * f1 - f2) / (f3 + 1)])
  timed("contains", grepl("lemon", frame$note, fixed = TRUE))
  invisible(NULL)
} else {
  frame <- fread(mixed, showProgress = FALSE); other <- fread(right, showProgress = FALSE)
  floats <- paste0("f", 0:8); some <- c("f0", "f3", "f6")
  timed("join", other[frame, on = "id"])
  timed("one_hot", sapply(sort(unique(frame$c4)), function(v) frame$c4 == v))
  timed("group_10", frame[, lapply(.SD, mean, na.rm = TRUE), by = i1, .SDcols = floats])
  timed("group_90k", frame[, lapply(.SD, mean, na.rm = TRUE), by = i3, .SDcols = floats])
  timed("impute", frame[, lapply(.SD, function(x) fifelse(is.na(x), median(x, na.rm = TRUE), x)), .SDcols = some])
  timed("split", { set.seed(42); o <- sample(nrow(frame)); n <- nrow(frame)
    list(frame[o[1:(0.8 * n)]], frame[o[(0.8 * n + 1):(0.9 * n)]], frame[o[(0.9 * n + 1):n]]) })
  timed("write", fwrite(frame, out, showProgress = FALSE))
}
cat(sprintf("{%s}\n", paste(sprintf("\"%s\": %.6f", names(times), unlist(times)), collapse = ", ")))
