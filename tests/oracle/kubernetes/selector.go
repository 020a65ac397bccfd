package main

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// A LabelSelector as JSON, read and checked as the API server does that of a webhook, and whether it matches labels.
func selector(asked []string) answer {
	var written metav1.LabelSelector
	strict, err := kjson.UnmarshalStrict([]byte(asked[0]), &written)
	if err != nil {
		return refused(err)
	}
	if len(strict) > 0 {
		return refused(strict[0])
	}
	options := metav1validation.LabelSelectorValidationOptions{}
	if faults := metav1validation.ValidateLabelSelector(&written, options, field.NewPath("selector")); len(faults) > 0 {
		return refused(faults.ToAggregate())
	}
	read, err := metav1.LabelSelectorAsSelector(&written)
	if err != nil {
		return refused(err)
	}
	var set map[string]string
	if err := json.Unmarshal([]byte(asked[1]), &set); err != nil {
		return answer{Unasked: err.Error()}
	}
	return accepted(fmt.Sprint(read.Matches(labels.Set(set))))
}

var names = []struct {
	name  string
	check func(string) []string
}{
	{"subdomain", validation.IsDNS1123Subdomain},
	{"label", validation.IsDNS1123Label},
	{"dns1035", validation.IsDNS1035Label},
	{"qualified", validation.IsQualifiedName},
	{"value", validation.IsValidLabelValue},
	{"labels", func(text string) []string {
		return faults(metav1validation.ValidateLabels(map[string]string{text: ""}, field.NewPath("labels")))
	}},
}

func faults(list field.ErrorList) []string {
	var texts []string
	for _, fault := range list {
		texts = append(texts, fault.Error())
	}
	return texts
}

// Which sorts of names a text is one of.
func name(asked []string) answer {
	shown := ""
	for _, sort := range names {
		if len(sort.check(asked[0])) == 0 {
			shown += " " + sort.name
		}
	}
	return accepted(shown)
}
