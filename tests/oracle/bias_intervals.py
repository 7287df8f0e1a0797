"""Intervals of bias metrics that have a closed form, by statsmodels: writes tests/bias/intervals.inc.

usage: bias_intervals.py > tests/bias/intervals.inc   (python3-statsmodels; made with 0.13.5)
"""
import random

from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint


def newcombe(k1, n1, k2, n2, alpha):
    return confint_proportions_2indep(k1, n1, k2, n2, method="newcomb", compare="diff", alpha=alpha)


def katz(k1, n1, k2, n2, alpha):
    return confint_proportions_2indep(k1, n1, k2, n2, method="log", compare="ratio", alpha=alpha)


def side(cells):
    (tn, fp), (fn, tp) = cells
    return dict(tn=tn, fp=fp, fn=fn, tp=tp, n=tn + fp + fn + tp, pos=fn + tp, neg=tn + fp, pos_hat=fp + tp,
                neg_hat=tn + fn)


def intervals(a, d, alpha):
    low, high = proportion_confint(d["n"], a["n"] + d["n"], alpha=alpha, method="beta")
    yield "CI", 1 - 2 * high, 1 - 2 * low
    for name, over, of in (("DPL", "pos", "n"), ("DPPL", "pos_hat", "n"), ("RD", "tp", "pos"), ("DAR", "tp", "pos_hat")):
        yield (name, *newcombe(a[over], a[of], d[over], d[of], alpha))
    for name, over, of in (("SD", "tn", "neg"), ("DRR", "tn", "neg_hat")):
        yield (name, *newcombe(d[over], d[of], a[over], a[of], alpha))
    yield ("AD", *newcombe(a["tp"] + a["tn"], a["n"], d["tp"] + d["tn"], d["n"], alpha))
    yield ("DI", *katz(d["pos_hat"], d["n"], a["pos_hat"], a["n"], alpha))


def main():
    random.seed(20)
    print("/* Made by tests/oracle/bias_intervals.py. */")
    for most in (6, 40, 1000, 1000000):
        for level in (0.9, 0.95, 0.999):
            cells = [[[random.randint(1, most) for _ in range(2)] for _ in range(2)] for _ in range(2)]
            text = ", ".join(str(n) for facet in cells for label in facet for n in label)
            for name, low, high in intervals(side(cells[0]), side(cells[1]), 1 - level):
                print(f"{{{{{text}}}, {level}, WF_BIAS_{name}, {low:.17g}, {high:.17g}}},")


main()
