// Judges Pods as the Pod Security admission of Kubernetes does, by its own library.
//
// A line of the standard input is {"level": ..., "version": ..., "pod": ...}; its answer is a line with a list of the checks
// that the Pod breaks, or with the error of a Pod that Kubernetes cannot read.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

// The longest line.
const longest = 16 << 20

type question struct {
	Level   string          `json:"level"`
	Version string          `json:"version"`
	Pod     json.RawMessage `json:"pod"`
}

type answer struct {
	Checks []string `json:"checks"`
	Error  string   `json:"error,omitempty"`
}

func main() {
	evaluator, err := policy.NewEvaluator(named(policy.DefaultChecks()), nil)
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), longest)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		answer, err := judge(evaluator, lines.Bytes())
		if err != nil {
			fail(err)
		}
		if err := encoder.Encode(answer); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

// named makes every check say its name instead of its reason.
func named(checks []policy.Check) []policy.Check {
	for i := range checks {
		id := string(checks[i].ID)
		for j := range checks[i].Versions {
			judge := checks[i].Versions[j].CheckPod
			checks[i].Versions[j].CheckPod = func(meta *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
				result := judge(meta, spec)
				result.ForbiddenReason = id
				return result
			}
		}
	}
	return checks
}

func judge(evaluator policy.Evaluator, line []byte) (answer, error) {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{}, err
	}
	level, err := api.ParseLevel(asked.Level)
	if err != nil {
		return answer{}, err
	}
	version, err := api.ParseVersion(asked.Version)
	if err != nil {
		return answer{}, err
	}
	var pod corev1.Pod
	if err := kjson.UnmarshalCaseSensitivePreserveInts(asked.Pod, &pod); err != nil {
		return answer{Error: err.Error()}, nil
	}
	// As SetDefaults_Volume of the API server does before anybody judges.
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].VolumeSource == (corev1.VolumeSource{}) {
			pod.Spec.Volumes[i].EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	checks := []string{}
	judged := api.LevelVersion{Level: level, Version: version}
	for _, result := range evaluator.EvaluatePod(judged, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			checks = append(checks, result.ForbiddenReason)
		}
	}
	return answer{Checks: checks}, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
