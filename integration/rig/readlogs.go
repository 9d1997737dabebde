//go:build integration

package rig

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ReadLogs calls line for each whole line in the files of a folder, those in
// .gz too: what there is to be read, by a way that has nothing to do with the
// agent.
func ReadLogs(t testing.TB, dir string, line func([]byte)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		for l := range bytes.Lines(readLog(t, path)) {
			if bytes.HasSuffix(l, []byte("\n")) {
				line(l)
			}
		}
	}
}

func readLog(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(path, ".gz") {
		return text
	}
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	if text, err = io.ReadAll(r); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return text
}
