package tail

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/inputtest"
)

// rig is a folder with a tailer over it.
type rig struct {
	t       testing.TB
	dir     string
	opts    Options
	deps    inputs.Deps
	sink    *inputtest.Sink
	tailer  *Tailer
	running *inputtest.Running
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, dir: t.TempDir(), sink: inputtest.NewSink()}
	r.opts = Options{
		Paths: []string{filepath.Join(r.dir, "*.log")}, RotateWait: 300 * time.Millisecond,
		Poll: 400 * time.Millisecond, Rescan: 500 * time.Millisecond,
	}
	r.deps = inputs.Deps{
		Name: "file.test", Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), Metrics: prometheus.NewRegistry(),
		Pool: &event.Pool{}, Now: time.Now,
	}
	r.sink.Pool = r.deps.Pool
	t.Cleanup(func() {
		r.stop()
		for _, v := range r.sink.Violations() {
			t.Errorf("broken promise: %s", v)
		}
	})
	return r
}

func (r *rig) start() {
	r.t.Helper()
	tailer, err := New(r.opts, r.deps)
	if err != nil {
		r.t.Fatal(err)
	}
	r.tailer = tailer
	r.running = inputtest.Start(r.t, tailer, r.sink.Positions(), r.sink.Emit)
}

func (r *rig) stop() {
	if r.running != nil {
		r.running.Stop(r.t)
		r.running = nil
	}
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) append(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err == nil {
		_, err = f.WriteString(text)
		err = firstError(err, f.Close())
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
