//go:build integration

package logrotate

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// rotator runs logrotate on one log file.
type rotator struct {
	program string
	config  string
	state   string
	flag    string // a file that logrotate's script makes to have the log opened anew
}

// newRotator writes logrotate's config. Its script waits until the writer has
// opened its log anew, as the script of a daemon does that answers to
// `reload`.
func newRotator(t *testing.T, dir, log, mode string) *rotator {
	t.Helper()
	r := &rotator{
		program: rig.Tool(t, "logrotate", "logrotate"),
		config:  filepath.Join(dir, "logrotate.conf"),
		state:   filepath.Join(dir, "logrotate.state"),
		flag:    filepath.Join(dir, "reopen"),
	}
	script := ""
	if !strings.Contains(mode, "copytruncate") {
		script = fmt.Sprintf("  create 0644\n  postrotate\n    touch %[1]s; while [ -e %[1]s ]; do sleep 0.01; done\n  endscript\n", r.flag)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "  su root root\n" // it distrusts folders that others may write to
	}
	text := fmt.Sprintf("%s {\n  rotate 1000\n  %s\n%s%s}\n", log, strings.ReplaceAll(mode, "; ", "\n  "), user, script)
	if err := os.WriteFile(r.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return r
}

// watchFlag lets the writer open its log anew whenever the script asks, until
// ctx ends. It returns when it has stopped.
func (r *rotator) watchFlag(ctx context.Context, w *rig.Writer) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(r.flag); err == nil {
			w.Reopen()
			os.Remove(r.flag)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *rotator) rotate(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, r.program, "-f", "-s", r.state, r.config).CombinedOutput(); err != nil {
		t.Fatalf("logrotate: %v: %s", err, out)
	}
}
