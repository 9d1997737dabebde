//go:build integration

package lumberjack

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// What RentHub sets where Logstash stands before its Elasticsearch, and nothing
// else: no config.
func TestTheEmbeddedConfigShipsToLogstash(t *testing.T) {
	s := newLogstash(t)
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	starts := writeLines(t, filepath.Join(dir, "app.log"), 500)
	agent := exec.Command(rig.Binary(t), "run")
	agent.Dir = dir
	agent.Env = append(os.Environ(), "LOG_AGGREGATION_ENABLED=true", "LOG_AGGREGATION_PROVIDER=elk",
		"LOGSTASH_HOST="+host, "LOGSTASH_PORT="+port, "ELASTICSEARCH_HOSTS=", "SLUICE_PATHS=*.log")
	agent.Stderr = os.Stderr
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agent.Process.Kill() })
	ids := map[string]bool{}
	rig.Eventually(t, time.Minute, func() string { return "all lines arrive" }, func() bool {
		clear(ids)
		s.received(t, func(doc []byte) {
			id, _ := apart(t, doc)
			ids[id] = true
		})
		return len(ids) >= len(starts) // one more: a line of more than 1 MiB comes in two
	})
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".sluice", "archive")); err == nil {
		t.Error("there is an archive too")
	}
}
