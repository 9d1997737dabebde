//go:build integration

package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Config is a pipeline of one file input. What is empty is left to the agent's
// defaults.
type Config struct {
	Dir     string   // of the test; logs/, buffer/ and pipeline.hcl are in it
	Buffer  string   // the buffer's folder; Dir/buffer if empty
	Paths   []string // globs; Dir/logs/*.log if empty
	Input   []string // further lines of the input block
	Limits  []string // further lines of the buffer block
	Admin   string   // address; any free one if empty
	Outputs []string // whole output blocks
	More    []string // whole other blocks
}

// Logs is the folder of the log files.
func (c Config) Logs() string { return filepath.Join(c.Dir, "logs") }

// BufferDir is the folder of the buffer.
func (c Config) BufferDir() string {
	if c.Buffer != "" {
		return c.Buffer
	}
	return filepath.Join(c.Dir, "buffer")
}

// Elasticsearch is an output block that sends to a URL.
func Elasticsearch(name, url string, more ...string) string {
	return block(`output "elasticsearch" "`+name+`"`, append([]string{
		fmt.Sprintf("endpoints = [%q]", url),
		`bootstrap = "never"`,
	}, more...))
}

func block(head string, lines []string) string {
	return head + " {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// Text is the config file.
func (c Config) Text() string {
	paths := c.Paths
	if len(paths) == 0 {
		paths = []string{filepath.Join(c.Logs(), "*.log")}
	}
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = fmt.Sprintf("%q", p)
	}
	input := append([]string{"paths = [" + strings.Join(quoted, ", ") + "]", `service = "rig"`}, c.Input...)
	if !strings.Contains(strings.Join(c.Input, "\n"), "parser") {
		input = append(input, `parser = "json"`)
	}
	admin := c.Admin
	if admin == "" {
		admin = "127.0.0.1:0"
	}
	parts := []string{
		block(`input "file" "app"`, input),
		block("retention", []string{`default = "standard"`, `class "standard" {`, `  keep = "30d"`, `}`}),
		block("buffer", append([]string{fmt.Sprintf("path = %q", c.BufferDir())}, c.Limits...)),
		block("admin", []string{fmt.Sprintf("listen = %q", admin)}),
	}
	return strings.Join(append(append(parts, c.Outputs...), c.More...), "\n")
}

// Write makes the folders and the config file and returns its path.
func (c Config) Write(t testing.TB) string {
	t.Helper()
	for _, dir := range []string{c.Logs(), c.BufferDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(c.Dir, "pipeline.hcl")
	if err := os.WriteFile(path, []byte(c.Text()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
