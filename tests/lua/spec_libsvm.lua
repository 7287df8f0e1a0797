-- wf.libsvm.
local t = require "harness"
local wf = require "wf"
local libsvm = wf.libsvm

t.test("sparse lines become a frame and back", function()
  local text = "1 1:0.5 3:2\n0 2:-1\n"
  local f = libsvm.parse(text, { base = 1 })
  t.equal(table.concat(f:columns(), " "), "label f0 f1 f2")
  t.equal(f.f0[1], 0.5)
  t.equal(f.f0[2], nil)
  t.equal(libsvm.format(f, { base = 1 }), text)
  local path = os.tmpname() .. ".svm.gz"
  libsvm.write(f, path)
  t.equal(libsvm.read(path):digest(), f:digest())
  os.remove(path)
end)

t.test("a model trains on such a frame", function()
  local lines = {}
  for i = 1, 200 do lines[i] = ("%d 0:%d 2:%d\n"):format(i % 2, i % 2 * 3 + i % 5, i % 7) end
  local f = libsvm.parse(table.concat(lines))
  local model = wf.xgboost.train { data = f, label = "label", params = { objective = "binary:logistic" } }
  t.equal(#model:predict(f), 200)
end)

t.test("errors and options are named", function()
  local e = t.raises("parse", { "line 2", "'x'" }, libsvm.parse, "1 0:1\n1 0:x\n")
  t.equal(e.column, 5)
  t.raises("invalid", "did you mean 'base'", libsvm.parse, "", { bass = 1 })
  t.raises("invalid", "base", libsvm.parse, "", { base = 2 })
end)

t.finish()
