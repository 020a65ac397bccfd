// Kubernetes' own libraries, asked the same questions as ours: JSON lines in, JSON lines out, one at a time.
//
// A question is ["KIND", "TEXT", ...]. Its answer is {"ok": "..."} with what the library makes of the texts, {"error": "..."}
// where it refuses them, or {"unasked": "..."} where it must not be asked; "notes" tell what else is worth knowing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// The longest line.
const longest = 64 << 20

type answer struct {
	OK      *string  `json:"ok,omitempty"`
	Error   string   `json:"error,omitempty"`
	Unasked string   `json:"unasked,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

func accepted(text string, notes ...string) answer {
	return answer{OK: &text, Notes: notes}
}

func refused(cause any, notes ...string) answer {
	text := fmt.Sprint(cause)
	if text == "" {
		text = "refused"
	}
	return answer{Error: text, Notes: notes}
}

var kinds = map[string]func([]string) answer{
	"quantity": quantity,
	"selector": selector,
	"name":     name,
	"image":    image,
	"yaml":     stream,
}

func judge(line []byte) (out answer, err error) {
	var asked []string
	if err := json.Unmarshal(line, &asked); err != nil || len(asked) < 2 || kinds[asked[0]] == nil {
		return answer{}, fmt.Errorf("no question: %.200s", line)
	}
	defer func() {
		if cause := recover(); cause != nil {
			out = refused(fmt.Sprintf("panic: %v", cause), "panic")
		}
	}()
	return kinds[asked[0]](asked[1:]), nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), longest)
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		// An empty line asks for all answers so far.
		if len(lines.Bytes()) == 0 {
			if err := out.Flush(); err != nil {
				fail(err)
			}
			continue
		}
		answer, err := judge(lines.Bytes())
		if err == nil {
			err = encoder.Encode(answer)
		}
		if err != nil {
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

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
