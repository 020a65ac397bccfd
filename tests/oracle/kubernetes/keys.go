package main

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v2"
)

// Whether keys of one map that go-yaml tells apart are one key of JSON, so that chance decides which of them counts.
func collapses(part []byte) bool {
	var value any
	return yaml.Unmarshal(part, &value) == nil && inside(value)
}

func inside(value any) bool {
	switch value := value.(type) {
	case map[any]any:
		seen := map[string]bool{}
		for key, value := range value {
			text := keyed(key)
			if seen[text] || inside(value) {
				return true
			}
			seen[text] = true
		}
	case []any:
		for _, item := range value {
			if inside(item) {
				return true
			}
		}
	}
	return false
}

// A key as sigs.k8s.io/yaml writes it.
func keyed(key any) string {
	if number, is := key.(float64); is {
		text := strconv.FormatFloat(number, 'g', -1, 32)
		if named, is := map[string]string{"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}[text]; is {
			return named
		}
		return text
	}
	return fmt.Sprint(key)
}
