package json

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenDocumentsOfLoggers shows what becomes of the lines of the common
// loggers, without the constants of a source.
func TestGoldenDocumentsOfLoggers(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := open(Config{}, parsers.Deps{})
			if err != nil {
				t.Fatal(err)
			}
			b := event.NewBatch(&event.Source{})
			var got []byte
			for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
				b.AddLine([]byte(line), 0, len(line))
				p.Parse(b, i)
				got = append(b.AppendDocument(got, i, parsertest.Classes), '\n')
			}
			golden := strings.TrimSuffix(path, ".log") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")))); diff != "" {
				t.Errorf("documents (-got +want):\n%s", diff)
			}
		})
	}
}
