package main

import (
	"fmt"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v2"
)

// Whether keys of one map that go-yaml tells apart are one key of JSON, so that chance decides which of them counts.
func collapses(part []byte) bool {
	var list []yaml.MapSlice
	var whole yaml.MapSlice
	if yaml.Unmarshal(part, &whole) == nil {
		return inside(whole)
	}
	return yaml.Unmarshal(part, &list) == nil && inside(list)
}

func inside(value any) bool {
	switch value := value.(type) {
	case yaml.MapSlice:
		seen := map[string]any{}
		for _, item := range value {
			text := keyed(item.Key)
			other, known := seen[text]
			if known && reflect.TypeOf(other) != reflect.TypeOf(item.Key) || known && other != item.Key || inside(item.Value) {
				return true
			}
			seen[text] = item.Key
		}
	case []yaml.MapSlice:
		for _, item := range value {
			if inside(item) {
				return true
			}
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
