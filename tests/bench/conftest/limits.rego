# The rule of the race: every container has a memory limit of at most 1 GiB.
package main

import rego.v1

pod_spec := input.spec if input.kind == "Pod"

pod_spec := input.spec.template.spec if {
	input.kind in {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController"}
}

pod_spec := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

containers contains container if some container in pod_spec.containers

containers contains container if some container in pod_spec.initContainers

deny contains msg if {
	some container in containers
	not container.resources.limits.memory
	msg := sprintf("%s/%s: container %s has no memory limit", [input.kind, input.metadata.name, container.name])
}

deny contains msg if {
	some container in containers
	units.parse_bytes(container.resources.limits.memory) > units.parse_bytes("1Gi")
	msg := sprintf("%s/%s: container %s may use more than 1Gi of memory", [input.kind, input.metadata.name, container.name])
}
