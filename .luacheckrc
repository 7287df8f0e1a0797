std = "lua54"
max_line_length = 120
self = false            -- a method need not use it
ignore = { "241" }      -- luacheck 1.1 takes t[i][j] = v for a table that is never read
files["tests/lua"] = { globals = { "arg" } }
