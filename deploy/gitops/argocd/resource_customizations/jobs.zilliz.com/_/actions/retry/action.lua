-- A new value of the annotation is a new request.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["jobs.zilliz.com/retry-requested"] = os.date("!%Y-%m-%dT%XZ")
return obj
