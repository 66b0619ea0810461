-- Health of every kind of jobs.zilliz.com. Only the base library is needed; Argo CD opens no more for a ConfigMap.
local function health(status, message)
  return { status = status, message = message or "" }
end

local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at this version of the object yet")
end

local rows = {}
for _, row in ipairs(status.conditions) do
  rows[row.type] = row
end
local function is(kind)
  return rows[kind] ~= nil and rows[kind].status == "True"
end

-- Failed, cancelled, of unknown outcome, or stuck until a person decides.
if is("Stalled") then
  return health("Degraded", rows["Stalled"].message)
end

-- A row of a JobCenter is ready when it shows what the cloud says; how the job is, stands in its state.
if obj.kind == "ProjectJob" then
  local ends = { Successful = "Healthy", Failed = "Degraded", Canceled = "Degraded", Unknown = "Degraded" }
  return health(ends[status.state] or "Progressing", status.message or status.reason)
end

-- Held back on purpose, and nothing was sent: spec.suspend, a hold, or a suspended connection.
if is("Ready") then
  local reason = rows["Ready"].reason
  if reason == "Suspended" or reason == "ConnectionSuspended" then
    return health("Suspended", rows["Ready"].message)
  end
  if obj.kind == "ZillizConnection" and obj.spec.suspend == true then
    return health("Suspended", "spec.suspend is true; jobs of this connection are not submitted")
  end
  return health("Healthy", rows["Ready"].message)
end

return health("Progressing", rows["Ready"] ~= nil and rows["Ready"].message or nil)
