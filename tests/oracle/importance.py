# Feature importances by libxgboost's own Booster.get_score, for tests/forest/importance.inc:
#   /usr/bin/python3 tests/oracle/importance.py > tests/forest/importance.inc
# xgboost 1.7.4.
import pathlib

import xgboost

models = pathlib.Path(__file__).parent.parent / "forest" / "models"
booster = xgboost.Booster()
booster.load_model(models / "squared.json")
for kind in ["weight", "gain", "cover", "total_gain", "total_cover"]:
    score = booster.get_score(importance_type=kind)
    values = ", ".join(repr(float(score.get(f"f{i}", 0))) for i in range(6))
    print("{WF_IMPORTANCE_%s, {%s}}," % (kind.upper(), values))
