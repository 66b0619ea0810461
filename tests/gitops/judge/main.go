// judge says what Argo CD's Lua, kstatus and Flux's health check expressions make of objects. It reads questions as
// JSON from its standard input and writes one answer for each. The libraries are those that the tools themselves use.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// question asks one thing of an object: the outcome of a Lua script, of expressions, or, with neither, its kstatus.
type question struct {
	Object      unstructured.Unstructured         `json:"object"`
	Lua         string                            `json:"lua"`
	Expressions *kustomize.HealthCheckExpressions `json:"expressions"`
}

type answer struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintln(os.Stderr, "cannot read the questions:", err)
		os.Exit(2)
	}
	answers := make([]answer, 0, len(questions))
	for _, one := range questions {
		result, err := judge(one)
		if err != nil {
			answers = append(answers, answer{Error: err.Error()})
			continue
		}
		answers = append(answers, answer{Result: result})
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, "cannot write the answers:", err)
		os.Exit(2)
	}
}

func judge(one question) (any, error) {
	switch {
	case one.Lua != "":
		return runLua(one.Object.Object, one.Lua)
	case one.Expressions != nil:
		evaluator, err := cel.NewStatusEvaluator(one.Expressions)
		if err != nil {
			return nil, err
		}
		result, err := evaluator.Evaluate(context.Background(), &one.Object)
		if err != nil {
			return nil, err
		}
		return result.Status, nil
	default:
		result, err := status.Compute(&one.Object)
		if err != nil {
			return nil, err
		}
		return result.Status, nil
	}
}

// runLua gives a script what Argo CD gives to scripts of its ConfigMap: the libraries package, base and table, an
// `os` that must be required and has only time and date, no string library, one second, and the object as `obj`.
func runLua(object map[string]any, script string) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	keepClock(state)
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	returned, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return nil, errors.New("the script returned no table")
	}
	text, err := luajson.Encode(returned)
	return json.RawMessage(text), err
}

// keepClock leaves of the os library what can do no harm, for `require` only.
func keepClock(state *lua.LState) {
	lua.OpenOs(state)
	full, safe := state.CheckTable(-1), state.NewTable()
	state.SetTop(0)
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, full.RawGetString(name))
	}
	state.SetGlobal(lua.OsLibName, lua.LNil)
	loaded := state.GetField(state.GetGlobal(lua.LoadLibName), "loaded")
	state.SetField(loaded, lua.OsLibName, lua.LNil)
	state.PreloadModule(lua.OsLibName, func(inner *lua.LState) int {
		inner.Push(safe)
		return 1
	})
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for name, child := range known {
			table.RawSetString(name, toLua(state, child))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, child := range known {
			table.Append(toLua(state, child))
		}
		return table
	case string:
		return lua.LString(known)
	case bool:
		return lua.LBool(known)
	case int64:
		return lua.LNumber(known)
	case float64:
		return lua.LNumber(known)
	default:
		return lua.LNil
	}
}
