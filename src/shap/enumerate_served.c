/* enumerate_served.c — the probabilities the forest predicts for all coalitions of low players.
 *
 * Given the high players, a tree depends on those low ones whom its products name. It is laid out
 * as a table of leaves indexed by them, every product filling the part of it that its players
 * leave open; what a coalition gets from the tree is then looked up. */
#include "shap/enumerate.h"

/* Where each coalition of low players stands in a table of those in `named`. */
static void find_places(uint32_t *restrict places, size_t low, uint32_t named) {
  uint32_t next = 1;
  places[0] = 0;
  for (size_t player = 0; player < low; player++) {
    size_t half = (size_t)1 << player;
    uint32_t step = named >> player & 1 ? next : 0;
    for (size_t i = 0; i < half; i++) places[half + i] = places[i] + step;
    if (step) next *= 2;
  }
}

/* The leaf of each coalition of named players, of the tree's products [first, end). */
static void fill_leaves(const wf_enumeration *e, size_t first, size_t end, size_t low,
                        uint32_t high, uint32_t named) {
  uint32_t below = (1u << low) - 1;
  for (size_t i = first; i < end; i++) {
    const wf_product *product = &e->products[i];
    if ((product->in & ~below) != ((product->in & ~below) & high << low)) continue;
    if (product->out & high << low) continue;
    uint32_t open = named & ~(product->in | product->out), part = 0;
    do {
      e->leaves[e->places[(product->in & below) | part]] = (float)product->value;
      part = (part - open) & open; /* the next subset */
    } while (part);
  }
}

static void add_tree(wf_enumeration *e, size_t first, size_t end, size_t low, uint32_t high) {
  uint32_t named = 0;
  for (size_t i = first; i < end; i++) named |= e->products[i].in | e->products[i].out;
  named &= (1u << low) - 1;
  find_places(e->places, low, named);
  fill_leaves(e, first, end, low, high, named);
  float *restrict margins = e->margins + e->products[first].group;
  const float *restrict leaves = e->leaves;
  const uint32_t *restrict places = e->places;
  for (size_t i = 0, n = e->n_groups; i < (size_t)1 << low; i++)
    margins[i * n] += leaves[places[i]];
}

void wf_enumeration_serve(wf_enumeration *e, size_t low, uint32_t high, const float *margins) {
  size_t n = (size_t)1 << low, n_groups = e->n_groups;
  for (size_t i = 0; i < n * n_groups; i++) e->margins[i] = margins[i % n_groups];
  for (size_t first = 0, end; first < e->n_products; first = end) {
    for (end = first + 1; end < e->n_products; end++) {
      if (e->products[end].tree != e->products[first].tree) break;
    }
    add_tree(e, first, end, low, high);
  }
  wf_objective_transform(e->objective, e->margins, n, n_groups);
  for (size_t g = 0; g < n_groups; g++) {
    for (size_t i = 0; i < n; i++) {
      e->probabilities[g * n + i] = (double)e->margins[i * n_groups + g];
    }
  }
}
