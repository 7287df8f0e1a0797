/* make_csv.c — writes the files the data benchmark reads: seeded, the same on every machine.
 *
 *   make_csv mixed  ROWS   30 columns: 10 integers, 10 floats of 3 to 17 digits, 8 categories, a
 * text of which a quarter is quoted (delimiters, pairs of quotes, line ends), a date; 3 to 6 %
 * missing make_csv quoted ROWS   12 columns, every field quoted, most of them text with pairs of
 * quotes make_csv right  ROWS   the other side of the join: id and four columns, rows in another
 * order */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 42;

static uint64_t draw(void) { /* splitmix64 */
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static uint64_t below(uint64_t n) { return draw() % n; }
static double unit(void) { return (double)(draw() >> 11) * 0x1p-53; }

static void comma(void) { putchar(','); }

/* A missing field now and then, an integer else. */
static void integer(unsigned percent, int64_t low, uint64_t span) {
  if (below(100) >= percent) printf("%" PRId64, low + (int64_t)below(span));
  comma();
}

static void decimal(unsigned percent, const char *format, double scale) {
  if (below(100) >= percent) printf(format, (unit() - 0.3) * scale);
  comma();
}

static const char *const words[] = {"north",  "bronze", "river",  "lemon", "quick",  "silent",
                                    "harbor", "maple",  "violet", "stone", "garden", "winter"};

static void category(unsigned percent, unsigned n) {
  if (below(100) >= percent) {
    unsigned k = (unsigned)below(n);
    printf(n <= 12 ? "%s" : "%s_%u", words[k % 12], k);
  }
  comma();
}

static void phrase(const char *between) {
  for (uint64_t n = 2 + below(6); n > 0; n--)
    printf("%s%s", words[below(12)], n > 1 ? between : "");
}

static void text(void) {
  static const char *const between[] = {", ", " \"\"so\"\" ", "\n", " "};
  if (below(4) == 0) {
    putchar('"');
    phrase(between[below(4)]);
    putchar('"');
  } else {
    phrase(" ");
  }
  comma();
}

static void date(void) {
  printf("20%02u-%02u-%02u", 10 + (unsigned)below(15), 1 + (unsigned)below(12),
         1 + (unsigned)below(28));
}

/* Each id once, scattered: multiplication by a number prime to n. */
static uint64_t scattered(uint64_t row, uint64_t n, uint64_t by) { return row * by % n; }

static void mixed_row(uint64_t row, uint64_t n) {
  printf("%" PRIu64 ",", scattered(row, n, 7368787));
  integer(0, 0, 10), integer(3, 0, 100), integer(0, 0, 90000), integer(4, 18, 78);
  integer(5, -1000000, 2000000), integer(3, 1990, 36), integer(3, 0, 1000000000);
  integer(0, 0, 2), integer(6, 0, UINT64_C(1000000000000));
  decimal(3, "%.3f", 100), decimal(4, "%.2f", 1e5), decimal(3, "%.4f", 10), decimal(5, "%.5f", 1e3);
  decimal(3, "%.6f", 1), decimal(3, "%.8f", 100), decimal(6, "%.1f", 1e6);
  decimal(3, "%.17g", 1), decimal(3, "%.17g", 1e4), decimal(3, "%.6e", 1e9);
  category(0, 2), category(3, 3), category(4, 4), category(3, 5), category(3, 8), category(5, 12);
  category(3, 50), category(3, 1000);
  text();
  date();
  putchar('\n');
}

static void quoted_row(uint64_t row) {
  printf("\"%" PRIu64 "\",\"%" PRIu64 "\"", row, below(1000));
  for (int i = 0; i < 8; i++) {
    printf(",\"");
    phrase(i % 2 ? " \"\"and\"\" " : ", ");
    putchar('"');
  }
  printf(",\"%s\",\"%.4f\"\n", words[below(12)], unit() * 1e3);
}

static void right_row(uint64_t row, uint64_t n) {
  printf("%" PRIu64 ",", scattered(row, n, 15485863));
  integer(0, 0, 1000), decimal(0, "%.3f", 10), decimal(0, "%.2f", 1e4);
  printf("%s\n", words[below(12)]);
}

static void header(const char *kind) {
  if (strcmp(kind, "right") == 0) {
    puts("id,r1,r2,r3,r4");
    return;
  }
  if (strcmp(kind, "quoted") == 0) {
    puts("q0,q1,t0,t1,t2,t3,t4,t5,t6,t7,c0,f0");
    return;
  }
  printf("id");
  for (int i = 1; i < 10; i++) printf(",i%d", i);
  for (int i = 0; i < 10; i++) printf(",f%d", i);
  for (int i = 0; i < 8; i++) printf(",c%d", i);
  puts(",note,day");
}

int main(int argc, char **argv) {
  uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
  if (n == 0) {
    fprintf(stderr, "usage: make_csv mixed|quoted|right ROWS\n");
    return 2;
  }
  static char room[1 << 20];
  setvbuf(stdout, room, _IOFBF, sizeof room);
  header(argv[1]);
  for (uint64_t row = 0; row < n; row++) {
    if (strcmp(argv[1], "quoted") == 0)
      quoted_row(row);
    else if (strcmp(argv[1], "right") == 0)
      right_row(row, n);
    else
      mixed_row(row, n);
  }
  return ferror(stdout) || fflush(stdout) != 0;
}
