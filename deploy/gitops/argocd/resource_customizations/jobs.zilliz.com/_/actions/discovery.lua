-- The actions of every kind of jobs.zilliz.com; one that could only be refused is disabled.
-- Whether the connection may use the console API, which a cancel in the cloud needs, is not known here.
local cancellable = { BackupJob = true, ExportJob = true, MigrationJob = true }
local cancellable_rows = { Backup = true, Export = true, Migration = true }
local resubmittable = {
  BackupJob = true, ExportJob = true, SuspendClusterJob = true, ResumeClusterJob = true, ScaleClusterJob = true,
  ScaleReplicasJob = true,
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
  local runs = state == "Pending" or state == "InProgress"
  return {
    cancel = action("Cancel", "stop", runs and cancellable_rows[status.type] == true),
    retry = action("Retry", "rotate-right", (state == "Failed" or state == "Unknown") and status.type == "Import"),
  }
end

-- Three stages: nothing sent; sent, and being looked for; known to the cloud.
local submission = status.submission
local known = submission ~= nil and submission.handle ~= nil and next(submission.handle) ~= nil
local disproved = submission ~= nil and (submission.evidence == "NotSent" or submission.evidence == "Absent")
local unsent = not known and (submission == nil or disproved)
local begun = status.steps ~= nil and next(status.steps) ~= nil

local may_cancel = cancellable[obj.kind] == true and spec.mode ~= "ZeroDowntime" and status.jobId ~= nil
if not known and not begun then
  may_cancel = true
end
local may_retry = obj.kind == "ImportJob"
if resubmittable[obj.kind] then
  may_retry = spec.retryPolicy ~= nil and spec.retryPolicy.resubmit == true
end

return {
  cancel = action("Cancel", "stop", not ended and may_cancel),
  retry = action("Retry", "rotate-right", failed and may_retry),
  suspend = action("Suspend", "pause", not ended and unsent and not begun and spec.suspend ~= true),
  resume = action("Resume", "play", not ended and spec.suspend == true),
}
