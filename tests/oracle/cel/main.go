// Kubernetes' own CEL, asked the same questions as ours: JSON lines in, JSON lines out.
//
// One question is {"expression": "...", "object": {...}, "params": {...}, "variables": [{"name": "...", "expression": "..."}]};
// one answer is {"compiles": "why not"} or {"value": ..., "type": "..."} or {"error": "..."}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

type question struct {
	Expression string          `json:"expression"`
	Object     json.RawMessage `json:"object"`
	OldObject  json.RawMessage `json:"oldObject"`
	Params     json.RawMessage `json:"params"`
	Request    json.RawMessage `json:"request"`
	Namespace  json.RawMessage `json:"namespaceObject"`
	Bool       bool            `json:"bool"`
	Variables  []struct {
		Name       string `json:"name"`
		Expression string `json:"expression"`
	} `json:"variables"`
}

type answer struct {
	Refused string `json:"refused,omitempty"`
	Error   string `json:"error,omitempty"`
	Type    string `json:"type,omitempty"`
	Value   string `json:"value,omitempty"`
}

type accessor struct {
	name, expression string
	boolean          bool
}

func (a accessor) GetName() string       { return a.name }
func (a accessor) GetExpression() string { return a.expression }
func (a accessor) ReturnTypes() []*cel.Type {
	if a.boolean {
		return []*cel.Type{cel.BoolType}
	}
	return []*cel.Type{cel.AnyType}
}

func decode(raw json.RawMessage) any {
	var value any
	if len(raw) == 0 {
		return nil
	}
	if err := utiljson.Unmarshal(raw, &value); err != nil {
		return fmt.Sprintf("unreadable: %v", err)
	}
	return value
}

func judge(q question) (out answer) {
	defer func() {
		if cause := recover(); cause != nil {
			out = answer{Error: fmt.Sprintf("panic: %v", cause)}
		}
	}()
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(version.MajorMinor(1, 36)))
	if err != nil {
		return answer{Refused: "internal: " + err.Error()}
	}
	options := plugincel.OptionalVariableDeclarations{HasParams: true}
	for _, variable := range q.Variables {
		result := compiler.CompileAndStoreVariable(accessor{name: variable.Name, expression: variable.Expression}, options, environment.NewExpressions)
		if result.Error != nil {
			return answer{Refused: result.Error.Error()}
		}
	}
	result := compiler.CompileCELExpression(accessor{expression: q.Expression, boolean: q.Bool}, options, environment.NewExpressions)
	if result.Error != nil {
		return answer{Refused: result.Error.Error()}
	}
	activation := map[string]any{
		"object": decode(q.Object), "oldObject": decode(q.OldObject), "params": decode(q.Params),
		"request": decode(q.Request), "namespaceObject": decode(q.Namespace),
	}
	context := compiler.CreateContext(context.Background())
	activation["variables"] = context.Variables(activation)
	value, _, err := result.Program.ContextEval(context, activation)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Type: result.OutputType.String(), Value: show(value)}
}

// Every value in one spelling, maps sorted.
func show(value ref.Val) string {
	switch v := value.(type) {
	case types.Null:
		return "null"
	case types.Bool:
		return fmt.Sprintf("%v", bool(v))
	case types.Int:
		return fmt.Sprintf("%d", int64(v))
	case types.Uint:
		return fmt.Sprintf("%du", uint64(v))
	case types.Double:
		if math.IsNaN(float64(v)) {
			return "double:nan"
		}
		return fmt.Sprintf("double:%016x", math.Float64bits(float64(v)))
	case types.String:
		text, _ := json.Marshal(string(v))
		return string(text)
	case types.Bytes:
		return fmt.Sprintf("bytes:%x", []byte(v))
	case types.Duration:
		return fmt.Sprintf("duration:%d", v.Duration.Nanoseconds())
	case types.Timestamp:
		return "timestamp:" + v.Time.Format(time.RFC3339Nano)
	case *types.Optional:
		if v.HasValue() {
			return "optional(" + show(v.GetValue()) + ")"
		}
		return "none"
	case apiservercel.Quantity:
		return "quantity:" + trimmed(v.Quantity.AsDec().String())
	case *apiservercel.Quantity:
		return "quantity:" + trimmed(v.Quantity.AsDec().String())
	case apiservercel.IP:
		return "ip:" + v.Addr.String()
	case apiservercel.CIDR:
		return "cidr:" + v.Prefix.String()
	case apiservercel.URL:
		return "url:" + v.URL.String()
	case apiservercel.Semver:
		return "semver:" + v.Version.String()
	case apiservercel.Format:
		return "format:" + v.Name
	case traits.Lister:
		var items []string
		for it := v.Iterator(); it.HasNext() == types.True; {
			items = append(items, show(it.Next()))
		}
		return "[" + strings.Join(items, ",") + "]"
	case traits.Mapper:
		var items []string
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			items = append(items, show(key)+":"+show(v.Get(key)))
		}
		sort.Strings(items)
		return "{" + strings.Join(items, ",") + "}"
	case ref.Type:
		return "type:" + v.TypeName()
	}
	return fmt.Sprintf("other:%T", value)
}

func trimmed(decimal string) string {
	if strings.Contains(decimal, ".") {
		return strings.TrimSuffix(strings.TrimRight(decimal, "0"), ".")
	}
	return decimal
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, "unreadable question:", err)
			os.Exit(1)
		}
		if err := out.Encode(judge(q)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
