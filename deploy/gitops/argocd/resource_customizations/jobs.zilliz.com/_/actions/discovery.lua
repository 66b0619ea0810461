-- The actions of every kind of jobs.zilliz.com; one that could only be refused is disabled.
-- Whether the connection may use the console API, which a cancel in the cloud needs, is not known here.

-- What the cloud can cancel, and which failed jobs can be attempted again: always, or where the spec allows a second
-- submission. A rule inside of a rule is that of the jobs which have this value in this field of their spec. What goes by
-- steps of the operator's own can be cancelled at each of them, without an id in the cloud.
local rules = { -- generated: rules of the kinds
  BackupJob = { cancel = true, retry = "resubmit" },
  ExportJob = { cancel = true, retry = "resubmit" },
  MigrationJob = { cancel = true, { field = "mode", value = "ZeroDowntime" }, { field = "engine", value = "VTS", cancel = true, by_steps = true, retry = "always" } },
  ImportJob = { retry = "always" },
  SuspendClusterJob = { retry = "resubmit" },
  ResumeClusterJob = { retry = "resubmit" },
  ScaleClusterJob = { retry = "resubmit" },
  ScaleReplicasJob = { retry = "resubmit" },
}
local row_rules = { -- generated: rules of the rows
  Backup = { cancel = true },
  Export = { cancel = true },
  Migration = { cancel = true },
  Import = { retry = "always" },
}

local spec, status = obj.spec or {}, obj.status or {}
local alive = obj.metadata.deletionTimestamp == nil

local function action(name, icon, enabled)
  return { displayName = name, iconClass = "fa fa-fw fa-" .. icon, disabled = not (alive and enabled) }
end

local ended = status.completionTime ~= nil
local state = status.state
local failed = ended and (state == "Failed" or state == "Unknown")

if obj.kind == "ZillizConnection" or obj.kind == "JobCenter" then
  return {
    suspend = action("Suspend", "pause", spec.suspend ~= true),
    resume = action("Resume", "play", spec.suspend == true),
  }
end

if obj.kind == "ProjectJob" then
  local row_rule = row_rules[status.type or ""] or {}
  local runs = state == "Pending" or state == "InProgress"
  return {
    cancel = action("Cancel", "stop", runs and row_rule.cancel == true),
    retry = action("Retry", "rotate-right", (state == "Failed" or state == "Unknown") and row_rule.retry == "always"),
  }
end

-- Three stages: nothing sent; sent, and being looked for; known to the cloud.
local submission = status.submission
local known = submission ~= nil and submission.handle ~= nil and next(submission.handle) ~= nil
local disproved = submission ~= nil and (submission.evidence == "NotSent" or submission.evidence == "Absent")
local unsent = not known and (submission == nil or disproved)
local begun = status.steps ~= nil and next(status.steps) ~= nil

local rule = rules[obj.kind] or {}
for _, variant in ipairs(rule) do
  if spec[variant.field] == variant.value then
    rule = variant
  end
end

local may_cancel = rule.cancel == true and (status.jobId ~= nil or rule.by_steps == true)
if not known and not begun then
  may_cancel = true
end
local may_retry = rule.retry == "always"
if rule.retry == "resubmit" then
  may_retry = spec.retryPolicy ~= nil and spec.retryPolicy.resubmit == true
end

return {
  cancel = action("Cancel", "stop", not ended and may_cancel),
  retry = action("Retry", "rotate-right", failed and may_retry),
  suspend = action("Suspend", "pause", not ended and unsent and not begun and spec.suspend ~= true),
  resume = action("Resume", "play", not ended and spec.suspend == true),
}
