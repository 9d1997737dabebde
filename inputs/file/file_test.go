package file

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/inputtest"
)

func TestContract(t *testing.T) {
	inputtest.Run(t, func(t *testing.T) inputtest.Subject {
		path := filepath.Join(t.TempDir(), "app.log")
		return inputtest.Subject{
			Reread: true,
			Open: func(t *testing.T, d inputs.Deps) inputs.Input {
				return mustOpen(t, d, func(c *Config) { c.Paths = []string{path} })
			},
			Write: func(t *testing.T, lines ...string) { appendTo(t, path, strings.Join(lines, "\n")+"\n") },
		}
	})
}

func mustOpen(t *testing.T, d inputs.Deps, set func(*Config)) inputs.Input {
	t.Helper()
	c := Type.Config().(*Config)
	set(c)
	in, err := Type.Open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// constants runs an input over one file and returns the constants of its source.
func constants(t *testing.T, d inputs.Deps, path string) []event.Constant {
	t.Helper()
	sink := inputtest.NewSink()
	in := mustOpen(t, d, func(c *Config) { c.Paths = []string{path} })
	found := make(chan []event.Constant, 100)
	inputtest.Start(t, in, nil, func(ctx context.Context, cut []*event.Batch) (inputs.Ticket, error) {
		found <- cut[0].Source.Constants
		return sink.Emit(ctx, cut)
	})
	return <-found
}

func TestASourceCarriesItsFieldsItsServiceAndItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	appendTo(t, path, "one\n")
	d := inputtest.Deps(t)
	d.Service, d.Fields = "bookings", []event.Constant{{Key: "host.name", Value: "web-1"}}
	got := constants(t, d, path)
	want := []event.Constant{
		{Key: "host.name", Value: "web-1"},
		{Key: "service.name", Value: "bookings"}, {Key: "log.file.path", Value: path, Ours: true},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	cases := map[string]func(*Config){
		"no paths":                 func(c *Config) { c.Paths = nil },
		"start_at is neither":      func(c *Config) { c.StartAt = "middle" },
		"on_long_line is neither":  func(c *Config) { c.OnLongLine = "wrap" },
		"encoding is unknown":      func(c *Config) { c.Encoding = "ebcdic" },
		"a path is no pattern":     func(c *Config) { c.Paths = []string{"[a"} },
		"an exclude is no pattern": func(c *Config) { c.Exclude = []string{"[a"} },
		"max_line_size is tiny":    func(c *Config) { c.MaxLineSize = 3 },
	}
	for name, set := range cases {
		t.Run(name, func(t *testing.T) {
			c := Type.Config().(*Config)
			c.Paths = []string{"x.log"}
			set(c)
			if _, err := Type.Open(c, inputtest.Deps(t)); err == nil {
				t.Error("got no error")
			}
		})
	}
}
