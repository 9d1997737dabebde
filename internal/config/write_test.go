package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormat(t *testing.T) {
	got, diags := Format("a.hcl", []byte("input \"file\" \"a\" {\npaths=[\"x\"]\nexclude   = []\n}\n"))
	if want := "input \"file\" \"a\" {\n  paths   = [\"x\"]\n  exclude = []\n}\n"; string(got) != want || diags.HasErrors() {
		t.Errorf("got %q, want %q", got, want)
	}
	src := []byte("input \"file\" {{")
	if got, diags := Format("a.hcl", src); !diags.HasErrors() || !bytes.Equal(got, src) {
		t.Error("a file with syntax errors: got it changed, or no error")
	}
}

func TestDiagnosticsAsJSON(t *testing.T) {
	c, diags := loadText("buffer {\n  max_size = 5\n}", Options{})
	var b bytes.Buffer
	if err := c.WriteJSON(&b, diags); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"severity": "error", "summary": "Wrong value for max_size", "block": "buffer",
		"detail": `A number has no unit. Write a size such as "64KiB" or "8GiB", in quotes: "5B".`,
		"range":  map[string]any{"file": "pipeline.hcl", "start": map[string]any{"line": 2., "column": 14., "byte": 22.}, "end": map[string]any{"line": 2., "column": 15., "byte": 23.}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Error(cmp.Diff(got, want))
	}
}

func TestMessagesOfATerminalHaveColourAndNoControlCharactersOfTheFile(t *testing.T) {
	c, diags := loadText("buffer {\n  max_size = \"5\x1b]0;x\"\n}", Options{})
	var b strings.Builder
	if err := c.Write(&b, diags, true); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "\x1b[1;31m│ ") || strings.Contains(got, "\x1b]0") {
		t.Errorf("got %q", got)
	}
}

func TestErrorsStandInTheOrderOfFiles(t *testing.T) {
	c, diags := LoadSources([]Source{
		{"b.hcl", []byte("input \"file\" \"x\" {\n  paths = [\"a\"]\n}\n\nroute \"r\" {\n  to = [output.console.nine]\n}")},
		{"a.hcl", []byte("input \"file\" \"x\" {\n  paths = 1\n}")},
	}, testKinds(), Options{})
	var got []string
	for _, d := range diags {
		got = append(got, position(*d.Subject)+" "+d.Summary)
	}
	want := []string{`b.hcl:6 No output "console.nine"`, `a.hcl:1 A second input "file" "x"`, `a.hcl:2 Wrong value for paths`}
	if !cmp.Equal(got, want) {
		t.Errorf("%s\n%s", cmp.Diff(got, want), textOf(c, diags))
	}
}
