//go:build integration

package endtoend

import (
	"bytes"
	"errors"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(rig.Main(m))
}

// output is an output block with further lines.
func output(head string, lines ...string) string {
	return "output " + head + " {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// start runs the agent and returns once its admin address answers.
func start(t *testing.T, config, admin string) *rig.Agent {
	t.Helper()
	a := rig.Start(t, config)
	rig.Eventually(t, 20*time.Second, func() string { return "the agent answers; it says: " + a.Log() }, func() bool {
		resp, err := http.Get("http://" + admin + "/livez")
		return err == nil && resp.Body.Close() == nil
	})
	return a
}

// printed is what a command left behind.
type printed struct {
	out, notices string
	code         int
}

// sluice runs a command of the binary to its end, in a folder.
func sluice(t *testing.T, dir string, args ...string) printed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), rig.Binary(t), args...)
	cmd.Dir = dir
	var out, notices bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &notices
	err := cmd.Run()
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
		t.Fatalf("run sluice %s: %v", strings.Join(args, " "), err)
	}
	return printed{out.String(), notices.String(), cmd.ProcessState.ExitCode()}
}

// delivered waits until an output has answered for so many documents, taken or
// dead-lettered.
func delivered(t *testing.T, a *rig.Agent, admin, name string, want int) {
	t.Helper()
	of := func(metric string) int {
		return int(rig.Metrics(t, admin)["sluice_output_"+metric+`{output="`+name+`"}`])
	}
	rig.Eventually(t, 30*time.Second, func() string { return "all delivered to " + name + "; the agent says: " + a.Log() },
		func() bool {
			return of("documents_total")+of("dead_letters_total") >= want && of("pending_documents") == 0
		})
}
