package demo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// writeMany writes n records into a new folder.
func writeMany(t *testing.T, n int, o Options) string {
	t.Helper()
	o.Dir, o.Seed = filepath.Join(t.TempDir(), "demo"), 7
	o.Now = func() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := w.Write(); err != nil {
			t.Fatal(err)
		}
	}
	return o.Dir
}

func TestEveryFileIsWrittenAndEveryJSONLineIsJSON(t *testing.T) {
	dir := writeMany(t, 3000, Options{MaxSize: 1 << 30})
	levels := map[string]bool{}
	for _, name := range Names() {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			if name == "nginx-access.log" || name == "laravel.log" {
				continue
			}
			var got struct{ Level, Service, Msg, Time string }
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatalf("%s: %v: %s", name, err, line)
			}
			if got.Service+".log" != name || got.Msg == "" || got.Time == "" {
				t.Errorf("%s: line %s", name, line)
			}
			levels[got.Level] = true
		}
	}
	for _, want := range []string{"debug", "info", "warn", "error"} {
		if !levels[want] {
			t.Errorf("no line of level %s", want)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "laravel.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n#3 {main}\n") {
		t.Error("no stack trace in the Laravel log")
	}
}

func TestFilesAreRotatedAndOldOnesGo(t *testing.T) {
	dir := writeMany(t, 3000, Options{MaxSize: 8 << 10, Keep: 2})
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "auth.log") {
			got = append(got, e.Name())
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 16<<10 {
			t.Errorf("%s has %d bytes", e.Name(), info.Size())
		}
	}
	if want := []string{"auth.log", "auth.log.1", "auth.log.2"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}
