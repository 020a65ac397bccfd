package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode"

	goyaml "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// How far kubectl looks for the brace that JSON begins with.
const lookAhead = 4096

// The objects of a stream as kubectl reads them (StreamVisitor of k8s.io/cli-runtime), each as JSON with sorted keys.
func stream(asked []string) answer {
	text := asked[0]
	notes := noted(text[yamlFrom(text):])
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), lookAhead)
	var documents []string
	for {
		var object runtime.RawExtension
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refused(err, notes...)
		}
		raw := bytes.TrimSpace(object.Raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		reader := json.NewDecoder(bytes.NewReader(raw))
		reader.UseNumber()
		var written strings.Builder
		twice, err := canonical(reader, &written)
		if err != nil {
			return refused(err, notes...)
		}
		if twice {
			notes = append(notes, "duplicate")
		}
		documents = append(documents, written.String())
	}
	return accepted(strings.Join(documents, "\n"), notes...)
}

// Where kubectl begins to read YAML: behind up to one JSON text, and the white space after it.
func yamlFrom(text string) int {
	from := 0
	if !strings.HasPrefix(strings.TrimLeftFunc(text, unicode.IsSpace), "{") {
		return from
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	for count := 0; count < 2; count++ {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			break
		}
		from = int(decoder.InputOffset())
	}
	for at, c := range text[from:] {
		if !unicode.IsSpace(c) {
			return from + at
		}
		if c == '\n' {
			return from + at + 1
		}
	}
	return len(text)
}

// What is worth knowing of the parts: keys that stand twice, what is dropped, and why YAML is refused where JSON is blamed.
func noted(text string) (notes []string) {
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		part, err := reader.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				notes = append(notes, "yaml: "+err.Error())
			}
			return notes
		}
		if _, err := sigsyaml.YAMLToJSON(part); err != nil {
			notes = append(notes, "yaml: "+err.Error())
		}
		if _, err := sigsyaml.YAMLToJSONStrict(part); err != nil && strings.Contains(err.Error(), "already set in map") {
			notes = append(notes, "duplicate")
		}
		if collapses(part) {
			notes = append(notes, "collapse")
		}
		if goesOn(part) {
			notes = append(notes, "more")
		}
	}
}

// Whether something follows the one document of a part that go-yaml reads, which kubectl then drops.
func goesOn(part []byte) bool {
	decoder := goyaml.NewDecoder(bytes.NewReader(part))
	var first, next any
	return decoder.Decode(&first) == nil && !errors.Is(decoder.Decode(&next), io.EOF)
}

// One value with its keys sorted and its numbers as they are written; whether a key stood twice.
func canonical(reader *json.Decoder, out *strings.Builder) (bool, error) {
	token, err := reader.Token()
	if err != nil {
		return false, err
	}
	switch token := token.(type) {
	case json.Delim:
		return composed(reader, token, out)
	case string:
		quoted(token, out)
	case nil:
		out.WriteString("null")
	default:
		fmt.Fprint(out, token)
	}
	return false, nil
}

func composed(reader *json.Decoder, bracket json.Delim, out *strings.Builder) (twice bool, err error) {
	entries := map[string]string{}
	var items []string
	for reader.More() {
		key := ""
		if bracket == '{' {
			token, err := reader.Token()
			if err != nil {
				return false, err
			}
			key = token.(string)
		}
		var value strings.Builder
		inside, err := canonical(reader, &value)
		if err != nil {
			return false, err
		}
		_, known := entries[key]
		twice = twice || inside || known && bracket == '{'
		entries[key] = value.String()
		items = append(items, value.String())
	}
	if _, err := reader.Token(); err != nil {
		return false, err
	}
	if bracket == '[' {
		fmt.Fprintf(out, "[%s]", strings.Join(items, ","))
		return twice, nil
	}
	keys := make([]string, 0, len(entries))
	for key := range entries {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for at, key := range keys {
		out.WriteString(map[bool]string{true: "{", false: ","}[at == 0])
		quoted(key, out)
		out.WriteString(":" + entries[key])
	}
	if len(keys) == 0 {
		out.WriteString("{")
	}
	out.WriteString("}")
	return twice, nil
}

func quoted(text string, out *strings.Builder) {
	out.WriteByte('"')
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c < 0x20:
			fmt.Fprintf(out, "\\u%04x", c)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
}
