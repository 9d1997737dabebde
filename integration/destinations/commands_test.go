//go:build integration

package destinations

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// sluice runs a command of the real binary on the config.
func (d *demo) sluice(t testing.TB, wantCode int, args ...string) string {
	t.Helper()
	cmd := exec.Command(rig.Binary(t), append(args, "-c", d.config)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	code := 0
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		code = e.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	t.Logf("$ sluice %v\n%s%s(exit code %d)", args, stdout.String(), stderr.String(), code)
	if code != wantCode {
		t.Errorf("sluice %v: exit code %d, want %d", args, code, wantCode)
	}
	return stdout.String()
}

// demand checks for lines that hold all of some words.
func demand(t testing.TB, text string, lines ...[]string) {
	t.Helper()
	for _, words := range lines {
		if !lineWith(text, words...) {
			t.Errorf("no line with %q", words)
		}
	}
}

// checkBefore tries the commands for destinations that hold nothing yet.
func (d *demo) checkBefore(t testing.TB) {
	t.Helper()
	text := d.sluice(t, 0, "doctor")
	demand(t, text, []string{"elasticsearch.search"}, []string{"splunk.siem"}, []string{"cloudwatch.aws"}, []string{"kafka.stream"}, []string{"file.archive"},
		[]string{"ok", "log in", "the cluster has 1 brokers"}, []string{"ok", "acknowledgement"}, []string{"ok", "log in", "takes the token"})
	text = d.sluice(t, 1, "retention", "plan")
	demand(t, text,
		[]string{"elasticsearch.search", "create", "audit", "400d"},
		[]string{"kafka.stream", "create", "audit", "topic logs-audit", "400d"},
		[]string{"kafka.stream", "create", "debug", "topic logs-debug", "3d"},
		[]string{"kafka.stream", "create", "standard", "topic logs-standard", "30d"})
	d.sluice(t, 2, "retention", "apply") // nobody to ask
	d.sluice(t, 0, "retention", "apply", "--yes")
	d.sluice(t, 0, "retention", "plan")
}

// checkWhileDead looks at a dead destination as a person would.
func (d *demo) checkWhileDead(t testing.TB, s *store) {
	t.Helper()
	// What waits to be acknowledged is no trouble for as long as ack_timeout.
	state := ""
	rig.Eventually(t, time.Minute, func() string { return s.output + " is in trouble" }, func() bool {
		m := rig.Metrics(t, d.admin)
		for _, state = range []string{"retrying", "degraded"} {
			if m[fmt.Sprintf("sluice_output_state{output=%q,state=%q}", s.output, state)] == 1 {
				return true
			}
		}
		return false
	})
	demand(t, d.sluice(t, 0, "status"), []string{s.output}, []string{"file.archive", "ok"})
	t.Logf("%s is %s", s.output, state)
	demand(t, d.sluice(t, 4, "doctor", s.output), []string{"fail"})
}

// checkAfter tries them for destinations that hold the documents.
func (d *demo) checkAfter(t testing.TB) {
	t.Helper()
	d.sluice(t, 0, "doctor")
	demand(t, d.sluice(t, 0, "retention", "plan"), []string{"cloudwatch.aws", "keep", "/sluice/bookings/audit"})
}
