-- The smallest script: wf examples/hello.lua [NAME]
print(("hello, %s"):format(arg[1] or "world"))
